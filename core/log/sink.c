/*
 * How the log writes to standard error. When its reader stands still, write(2) blocks. No thread of the program may
 * block on it.
 *
 *   pipe, terminal   It is opened once more with O_NONBLOCK. The inherited description is shared with other processes,
 *                    which would not expect the flag. If opening is refused (it is another user's), a thread of its own
 *                    writes, and may block (slow.c). poll is of no use there: it says that a terminal is ready when
 *                    there is room for one byte.
 *   socket           send with MSG_DONTWAIT. Under systemd this is the journal's socket.
 *   anything else    write. A file takes what it is given. A disk that stands still blocks its writers, as it does with
 *                    every program; stopping has a limit of its own (cli/guard.c).
 *
 * Lines that a full pipe does not take are kept, up to KEPT_MAX bytes, and are written before the next line. Lines
 * beyond that limit are lost and counted. The lock covers everything but the slow writer's write, and is held only for
 * moments.
 */
#include "log/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "log/slow.h"
#include "util/clock.h"
#include "util/str.h"

#define KEPT_MAX ((size_t)256 << 10)

enum sink_kind { SINK_UNKNOWN, SINK_PLAIN, SINK_OWN, SINK_SLOW, SINK_SOCKET };

/* There is only one standard error, so there is only one sink. */
static struct {
    pthread_mutex_t lock;
    enum sink_kind kind;
    int own_fd;
    struct fxi_slow *slow; /* NULL: there is none */
    struct fxi_str kept;
    unsigned long lost, lost_untold;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .own_fd = -1};

static void find_kind(void)
{
    struct stat about;
    bool is_there = fstat(STDERR_FILENO, &about) == 0;
    sink.kind = SINK_PLAIN;
    if (is_there && S_ISSOCK(about.st_mode))
        sink.kind = SINK_SOCKET;
    if (!is_there || (!S_ISFIFO(about.st_mode) && !isatty(STDERR_FILENO)))
        return;
    sink.own_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    sink.kind = SINK_OWN;
    if (sink.own_fd < 0) {
        sink.slow = fxi_slow_new(STDERR_FILENO);
        sink.kind = SINK_SLOW;
    }
}

static ssize_t write_some(const char *data, size_t size)
{
    switch (sink.kind) {
    case SINK_OWN:
        return write(sink.own_fd, data, size);
    case SINK_SLOW:
        return fxi_slow_take(sink.slow, data, size);
    case SINK_SOCKET:
        return send(STDERR_FILENO, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    default:
        return write(STDERR_FILENO, data, size);
    }
}

/* Returns the number of bytes written. *is_gone is set if nobody will ever read the rest. */
static size_t write_most(const char *data, size_t size, bool *is_gone)
{
    size_t done = 0;
    *is_gone = false;
    while (done < size) {
        ssize_t written = write_some(data + done, size - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            *is_gone = !(written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK));
            break;
        }
        done += (size_t)written;
    }
    return done;
}

static unsigned long count_lines(const char *data, size_t size)
{
    unsigned long lines = 0;
    if (!size)
        return 0;
    for (const char *at = data, *end = data + size; (at = memchr(at, '\n', (size_t)(end - at))); at++)
        lines++;
    return lines;
}

static void lose(const char *data, size_t size)
{
    unsigned long lines = count_lines(data, size);
    sink.lost += lines;
    sink.lost_untold += lines;
}

static void flush_kept(void)
{
    if (!sink.kept.size)
        return;
    bool is_gone;
    size_t done = write_most(sink.kept.data, sink.kept.size, &is_gone);
    if (is_gone) {
        lose(sink.kept.data + done, sink.kept.size - done);
        done = sink.kept.size;
    }
    if (done) {
        memmove(sink.kept.data, sink.kept.data + done, sink.kept.size - done);
        sink.kept.size -= done;
    }
}

void fxi_sink_put(const char *data, size_t size)
{
    pthread_mutex_lock(&sink.lock);
    if (sink.kind == SINK_UNKNOWN)
        find_kind();
    flush_kept();
    bool is_gone = false;
    size_t done = sink.kept.size ? 0 : write_most(data, size, &is_gone);
    size_t left = size - done;
    if (left && !is_gone && (done || sink.kept.size + left <= KEPT_MAX)) /* finish a line that was begun */
        fxi_str_add(&sink.kept, data + done, left);
    else if (left)
        lose(data + done, left);
    pthread_mutex_unlock(&sink.lock);
}

void fxi_sink_flush(void)
{
    pthread_mutex_lock(&sink.lock);
    flush_kept();
    pthread_mutex_unlock(&sink.lock);
}

int fxi_sink_waiting_fd(void)
{
    pthread_mutex_lock(&sink.lock);
    int fd = sink.kind == SINK_OWN ? sink.own_fd : sink.kind == SINK_SLOW ? fxi_slow_fd(sink.slow) : STDERR_FILENO;
    if (!sink.kept.size)
        fd = -1;
    pthread_mutex_unlock(&sink.lock);
    return fd;
}

unsigned long fxi_sink_lost(void)
{
    pthread_mutex_lock(&sink.lock);
    unsigned long lost = sink.lost;
    pthread_mutex_unlock(&sink.lock);
    return lost;
}

unsigned long fxi_sink_take_lost(void)
{
    pthread_mutex_lock(&sink.lock);
    unsigned long lost = sink.kept.size ? 0 : sink.lost_untold;
    if (lost)
        sink.lost_untold = 0;
    pthread_mutex_unlock(&sink.lock);
    return lost;
}

void fxi_sink_end(int timeout_ms)
{
    int64_t end_ms = fxi_clock_ms() + timeout_ms, left_ms;
    int fd;
    while ((fd = fxi_sink_waiting_fd()) >= 0 && (left_ms = end_ms - fxi_clock_ms()) > 0) {
        struct pollfd ready = {.fd = fd, .events = POLLOUT};
        poll(&ready, 1, (int)left_ms);
        fxi_sink_flush();
    }
    left_ms = end_ms - fxi_clock_ms();
    pthread_mutex_lock(&sink.lock);
    if (sink.slow)
        fxi_slow_end(sink.slow, left_ms > 0 ? (int)left_ms : 0);
    sink.slow = NULL;
    lose(sink.kept.data, sink.kept.size);
    fxi_str_fini(&sink.kept);
    if (sink.own_fd >= 0)
        close(sink.own_fd);
    sink.own_fd = -1;
    sink.kind = SINK_UNKNOWN;
    pthread_mutex_unlock(&sink.lock);
}
