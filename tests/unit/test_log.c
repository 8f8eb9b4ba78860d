/*
 * Standard error takes nothing. No caller waits for it, kept lines come later, and lost lines are counted and reported
 * once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "log/logger.h"
#include "util/str.h"

#define LINE_BYTES 1000
#define KEPT_LINES 300 /* more than fit beside a full pipe: 256 KiB */

/* Standard error is where a test wants it, and the terminal again afterwards. */
static int stderr_before;

static void take_stderr(int fd)
{
    fxi_log_end(0); /* the log looks at standard error again */
    stderr_before = dup(STDERR_FILENO);
    assert_true(dup2(fd, STDERR_FILENO) >= 0);
    close(fd);
}

static void give_stderr_back(void)
{
    fxi_log_end(0);
    dup2(stderr_before, STDERR_FILENO);
    close(stderr_before);
}

static void log_lines(int count)
{
    char filler[LINE_BYTES];
    memset(filler, 'x', sizeof filler - 1);
    filler[sizeof filler - 1] = '\0';
    for (int i = 0; i < count; i++)
        fx_log(NULL, FX_LOG_ERROR, "A line.", "number=%d text=%s", i, filler);
}

/* Reads what is there, and once more after the kept lines were written. */
static void read_all(int fd, struct fxi_str *text)
{
    char buffer[4096];
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        ssize_t size = read(fd, buffer, sizeof buffer);
        if (size > 0)
            fxi_str_add(text, buffer, (size_t)size);
        else if (fxi_log_waiting_fd() < 0)
            return;
        fxi_log_flush();
    }
}

static int count_of(const struct fxi_str *text, const char *what)
{
    int count = 0;
    for (const char *at = text->data ? text->data : ""; (at = strstr(at, what)); at++)
        count++;
    return count;
}

/* Every line must be whole. */
static void check_whole(const struct fxi_str *text)
{
    assert_int_equal(text->data[text->size - 1], '\n');
    for (const char *at = text->data; *at; at = strchr(at, '\n') + 1)
        assert_memory_equal(at, "20", 2); /* the year */
}

static void check_reader_stands_still(int reader)
{
    unsigned long lost_before = fxi_log_lost();
    log_lines(3 * KEPT_LINES); /* a call that blocks fails by the test's time limit */
    unsigned long lost = fxi_log_lost() - lost_before;
    assert_true(lost > 0);
    assert_true(fxi_log_waiting_fd() >= 0);

    struct fxi_str text = {0};
    read_all(reader, &text);
    assert_int_equal(count_of(&text, " A line. number="), 3 * KEPT_LINES - (int)lost);
    assert_int_equal(count_of(&text, "Log lines were lost"), 1);
    char said[64];
    snprintf(said, sizeof said, "lines=%lu\n", lost);
    assert_non_null(strstr(text.data, said));
    check_whole(&text);
    fx_log(NULL, FX_LOG_ERROR, "It goes on.", NULL);
    fxi_str_clear(&text);
    read_all(reader, &text);
    assert_int_equal(count_of(&text, "It goes on."), 1);
    assert_int_equal(count_of(&text, "were lost"), 0); /* the loss is reported once */
    fxi_str_fini(&text);
}

static void test_pipe(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    int inherited = dup(ends[1]);
    take_stderr(ends[1]);
    check_reader_stands_still(ends[0]);
    assert_int_equal(fcntl(inherited, F_GETFL) & O_NONBLOCK, 0); /* other processes share it */
    give_stderr_back();
    close(inherited);
    close(ends[0]);
}

static void test_socket(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
    take_stderr(ends[1]);
    check_reader_stands_still(ends[0]);
    give_stderr_back();
    close(ends[0]);
}

/* Makes the terminal another user's: it can't be opened again. The log looks at it when the first line is logged. */
static void take_terminal_of_another_user(int fd)
{
    uid_t user = geteuid();
    take_stderr(fd);
    assert_int_equal(fchmod(STDERR_FILENO, 0), 0);
    if (user == 0)
        assert_int_equal(seteuid(65534), 0);
    fx_log(NULL, FX_LOG_ERROR, "The first line.", NULL);
    if (user == 0)
        assert_int_equal(seteuid(user), 0);
    prctl(PR_SET_DUMPABLE, 1); /* as it was; LeakSanitizer needs it */
}

/* Reads until the lines have come. Nothing comes before the writer's thread has had its turn. */
static void read_until(int reader, struct fxi_str *text, const char *what, int count)
{
    char buffer[4096];
    struct pollfd ready = {.fd = reader, .events = POLLIN};
    for (int tries = 0; count_of(text, what) < count; tries++) {
        assert_true(tries < 10000); /* minutes of silence, or far more than was written */
        fxi_log_flush();
        if (poll(&ready, 1, 50) != 1)
            continue;
        ssize_t size = read(reader, buffer, sizeof buffer);
        assert_true(size > 0);
        fxi_str_add(text, buffer, (size_t)size);
    }
}

static void test_terminal_of_another_user(void **state)
{
    struct termios modes;
    (void)state;
    int reader = posix_openpt(O_RDWR | O_NOCTTY);
    assert_true(reader >= 0 && grantpt(reader) == 0 && unlockpt(reader) == 0);
    int terminal = open(ptsname(reader), O_RDWR | O_NOCTTY);
    assert_int_equal(tcgetattr(terminal, &modes), 0);
    cfmakeraw(&modes);
    assert_int_equal(tcsetattr(terminal, TCSANOW, &modes), 0);
    int inherited = dup(terminal);
    take_terminal_of_another_user(terminal);
    unsigned long lost_before = fxi_log_lost();
    log_lines(3 * KEPT_LINES); /* a call that blocks fails by the test's time limit */
    int lost = (int)(fxi_log_lost() - lost_before);
    assert_true(lost > 0);
    struct fxi_str text = {0};
    read_until(reader, &text, " A line. number=", 3 * KEPT_LINES - lost);
    read_until(reader, &text, "Log lines were lost", 1);
    assert_int_equal(count_of(&text, "The first line."), 1);
    assert_int_equal(fcntl(inherited, F_GETFL) & O_NONBLOCK, 0); /* other processes share it */

    log_lines(KEPT_LINES / 2); /* the writer blocks and is left behind */
    fxi_log_end(100);
    fx_log(NULL, FX_LOG_ERROR, "Another writer.", NULL);
    give_stderr_back();
    fxi_str_fini(&text);
    close(inherited);
    close(reader);
}

/* A line longer than a pipe takes in one piece. */
static void test_long_line(void **state)
{
    int ends[2];
    (void)state;
    size_t size = (size_t)200 << 10;
    char *long_text = malloc(size + 1);
    memset(long_text, 'y', size);
    long_text[size] = '\0';
    assert_int_equal(pipe(ends), 0);
    take_stderr(ends[1]);
    fx_log(NULL, FX_LOG_ERROR, "Long.", "text=%s", long_text);
    fx_log(NULL, FX_LOG_ERROR, "Short.", NULL);
    struct fxi_str text = {0};
    read_all(ends[0], &text);
    assert_true(text.size > size);
    assert_int_equal(count_of(&text, "\n"), 2);
    check_whole(&text);
    give_stderr_back();
    close(ends[0]);
    fxi_str_fini(&text);
    free(long_text);
}

static void test_nobody_reads_any_more(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    take_stderr(ends[1]);
    close(ends[0]);
    unsigned long lost = fxi_log_lost();
    log_lines(10);
    assert_int_equal(fxi_log_lost() - lost >= 10, 1);
    assert_int_equal(fxi_log_waiting_fd(), -1); /* nothing to wait for */
    give_stderr_back();
}

static void *log_some(void *arg)
{
    log_lines(*(int *)arg);
    return NULL;
}

/* Several threads write to a file, which takes all their lines whole. */
static void test_file(void **state)
{
    enum { THREADS = 4 };
    int lines = 500;
    pthread_t threads[THREADS];
    char path[] = "/tmp/test-log-XXXXXX";
    (void)state;
    int fd = mkstemp(path);
    int reader = open(path, O_RDONLY);
    assert_true(fd >= 0 && reader >= 0);
    unlink(path);
    unsigned long lost = fxi_log_lost();
    take_stderr(fd);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_some, &lines), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    struct fxi_str text = {0};
    read_all(reader, &text);
    assert_int_equal(count_of(&text, " A line. number="), THREADS * lines);
    check_whole(&text);
    assert_int_equal(fxi_log_lost(), lost);
    give_stderr_back();
    close(reader);
    fxi_str_fini(&text);
}

/* A value contains the byte that once separated pairs. */
static void test_value_forges_no_pair(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    take_stderr(ends[1]);
    fx_log(NULL, FX_LOG_ERROR, "S.", "one=%s two=%d three=%.*s four=%s",
           "a\x1f"
           "two=9 five=1",
           2, 3, "cutoff", "");
    struct fxi_str text = {0};
    read_all(ends[0], &text);
    assert_non_null(strstr(text.data, "S. one=\"a\\u001ftwo=9 five=1\" two=2 three=cut four=\"\"\n"));
    give_stderr_back();
    close(ends[0]);
    fxi_str_fini(&text);
}

static void test_levels(void **state)
{
    bool has_changed;
    (void)state;
    fxi_log_setup(FX_LOG_INFO, FXI_LOG_TEXT);
    assert_int_equal(fxi_log_step(1, &has_changed), FX_LOG_DEBUG);
    assert_true(has_changed && fx_log_enabled(FX_LOG_DEBUG));
    assert_int_equal(fxi_log_step(1, &has_changed), FX_LOG_DEBUG);
    assert_false(has_changed);
    for (int level = FX_LOG_INFO; level >= FX_LOG_ERROR; level--)
        assert_int_equal(fxi_log_step(-1, &has_changed), level);
    assert_false(fx_log_enabled(FX_LOG_WARN));
    assert_int_equal(fxi_log_step(-1, &has_changed), FX_LOG_ERROR);
    assert_false(has_changed);
    fxi_log_setup(FX_LOG_INFO, FXI_LOG_TEXT);
}

/*
 * Only a decimal conversion makes a number. A text that looks like one stays a text, and so does a number that JSON
 * can't express.
 */
static void test_numbers_in_json(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    take_stderr(ends[1]);
    fxi_log_setup(FX_LOG_INFO, FXI_LOG_JSON);
    fx_log(NULL, FX_LOG_INFO, "S.", "a=%d b=%s c=%.1f d=%zu e=%llx f=%d-%d g=7 h=%s i=%lld", -1, "2", 3.25, (size_t)4,
           5ULL, 6, 6, "a b=1", 1LL << 62);
    fx_log(NULL, FX_LOG_INFO, "S.", "a=%f b=%e", (double)NAN, (double)INFINITY);
    fx_log(NULL, FX_LOG_INFO, "S.", "k=%d %s=%lld z=%05d p=%.3d", 1, "repeated", 2LL, 42, 5);
    fxi_log_setup(FX_LOG_INFO, FXI_LOG_TEXT);
    fx_log(NULL, FX_LOG_INFO, "S.", "a=%d", 1);
    struct fxi_str text = {0};
    read_all(ends[0], &text);
    give_stderr_back();
    assert_non_null(strstr(text.data,
                           "\"message\":\"S.\",\"a\":-1,\"b\":\"2\",\"c\":3.2,\"d\":4,\"e\":\"5\",\"f\":\"6-6\","
                           "\"g\":\"7\",\"h\":\"a b=1\",\"i\":4611686018427387904}\n"));
    assert_non_null(strstr(text.data, "\"a\":\"nan\",\"b\":\"inf\"}\n"));
    assert_non_null(strstr(text.data, "\"k\":1,\"repeated\":2,\"z\":\"00042\",\"p\":\"005\"}\n"));
    assert_non_null(strstr(text.data, "S. a=1\n"));
    fxi_str_fini(&text);
    close(ends[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_socket),
        cmocka_unit_test(test_long_line),
        cmocka_unit_test(test_nobody_reads_any_more),
        cmocka_unit_test(test_file),
        cmocka_unit_test(test_levels),
        cmocka_unit_test(test_terminal_of_another_user),
        cmocka_unit_test(test_value_forges_no_pair),
        cmocka_unit_test(test_numbers_in_json),
    };
    signal(SIGPIPE, SIG_IGN); /* as in the program */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
