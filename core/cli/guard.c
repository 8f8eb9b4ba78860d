/*
 * Signals, and the last limit on stopping. The main thread may be inside a plugin's create, start, stop or destroy when
 * a signal comes, and such a call may never return. So the guard is a separate thread, which reads signals. When the
 * time for stopping is over, it ends the process, whatever the other threads do.
 *
 * The guard does not log, because the log's file can block the thread that writes to it. Its last messages are written
 * by one more thread, which has LAST_WORDS_MS to do so.
 */
#include "cli/guard.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/status.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/thread.h"

#define LAST_WORDS_MS 300
/* A shell and its script can both pass on one Ctrl-C. A second signal that comes so soon is the same request. */
#define SAME_REQUEST_MS 1000

struct fxi_guard {
    struct fxi_thread thread;
    struct fxi_watch *watch;
    int64_t stop_timeout_ms;
    int signal_fd, wake_fd, stop_fd;
    atomic_bool quits;
    _Atomic int64_t end_ms;   /* when the process ends, whatever happens; 0: it is not stopping */
    _Atomic int64_t asked_ms; /* when the first signal asked for the end; 0: no signal has */
    _Atomic int signal;       /* the number of that signal */
    pthread_mutex_t lock;     /* held only for moments, never while a plugin or the log is called */
    struct fxi_pipeline *pipeline;
    int status; /* -1: the pipeline decides */
};

static void set_signals(sigset_t *taken)
{
    static const int ignored[] = {SIGPIPE, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGXFSZ};
    static const int ours[] = {SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
    sigemptyset(taken);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(taken, ours[i]);
    pthread_sigmask(SIG_BLOCK, taken, NULL);
}

static void raise_event(int fd)
{
    uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0)
        return; /* the counter is full, so the descriptor is readable already */
}

static int status_now(struct fxi_guard *guard)
{
    pthread_mutex_lock(&guard->lock);
    int status = guard->status;
    if (status < 0)
        status = fxi_status_of_end(guard->pipeline ? fxi_pipeline_outcome(guard->pipeline) : FXI_OUTCOME_CLEAN);
    pthread_mutex_unlock(&guard->lock);
    return status;
}

struct words {
    int64_t shortest_ms;
    int status;
};

static void say_last_words(void *arg)
{
    const struct words *words = arg;
    fxi_watch_last_words(words->shortest_ms, words->status);
}

/* Calls that have lasted for at least shortest_ms are named. */
static void __attribute__((noreturn)) leave(struct fxi_guard *guard, int64_t shortest_ms)
{
    static struct fxi_thread thread; /* static, because the thread may be left behind */
    static struct words words;
    static atomic_flag has_begun = ATOMIC_FLAG_INIT;
    while (atomic_flag_test_and_set(&has_begun)) /* another thread ends the process within LAST_WORDS_MS */
        pause();
    words = (struct words){shortest_ms, status_now(guard)};
    if (fxi_thread_start(&thread, "fx-last-words", say_last_words, &words, NULL) == 0)
        fxi_thread_join(&thread, LAST_WORDS_MS);
    _exit(words.status);
}

static void begin_end(struct fxi_guard *guard)
{
    int64_t none = 0;
    atomic_compare_exchange_strong(&guard->end_ms, &none, fxi_clock_ms() + guard->stop_timeout_ms + FXI_GUARD_GRACE_MS);
}

static void ask_for_stop(struct fxi_guard *guard, int number)
{
    int64_t now_ms = fxi_clock_ms(), asked_ms = atomic_load(&guard->asked_ms);
    if (asked_ms && now_ms - asked_ms >= SAME_REQUEST_MS)
        leave(guard, SAME_REQUEST_MS);
    if (asked_ms)
        return;
    atomic_store(&guard->signal, number);
    atomic_store(&guard->asked_ms, now_ms);
    begin_end(guard);
    pthread_mutex_lock(&guard->lock);
    if (guard->pipeline)
        fxi_pipeline_ask_stop(guard->pipeline);
    pthread_mutex_unlock(&guard->lock);
    raise_event(guard->stop_fd);
}

static void take_signal(struct fxi_guard *guard)
{
    struct signalfd_siginfo info;
    if (read(guard->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    int number = (int)info.ssi_signo;
    if (number == SIGTERM || number == SIGINT)
        ask_for_stop(guard, number);
    else if (number == SIGQUIT)
        leave(guard, SAME_REQUEST_MS);
    else
        fxi_watch_tell(guard->watch, number);
}

static void guard_main(void *arg)
{
    struct fxi_guard *guard = arg;
    struct pollfd fds[] = {{.fd = guard->signal_fd, .events = POLLIN}, {.fd = guard->wake_fd, .events = POLLIN}};
    while (!atomic_load(&guard->quits)) {
        int64_t end_ms = atomic_load(&guard->end_ms), left_ms = end_ms - fxi_clock_ms();
        if (end_ms && left_ms <= 0)
            leave(guard, FXI_GUARD_GRACE_MS / 10);
        if (poll(fds, 2, end_ms ? (int)left_ms : -1) <= 0)
            continue;
        uint64_t count;
        if (fds[1].revents && read(guard->wake_fd, &count, sizeof count) < 0)
            continue;
        if (fds[0].revents)
            take_signal(guard);
    }
}

static void close_all(struct fxi_guard *guard)
{
    for (int i = 0, *fd = (int[]){guard->signal_fd, guard->wake_fd, guard->stop_fd}; i < 3; i++)
        if (fd[i] >= 0)
            close(fd[i]);
    pthread_mutex_destroy(&guard->lock);
    free(guard);
}

struct fxi_guard *fxi_guard_new(int64_t stop_timeout_ms, struct fxi_watch *watch, struct fx_error *err)
{
    sigset_t taken;
    set_signals(&taken);
    struct fxi_guard *guard = fxi_calloc(1, sizeof *guard);
    guard->stop_timeout_ms = stop_timeout_ms;
    guard->watch = watch;
    guard->status = -1;
    pthread_mutex_init(&guard->lock, NULL);
    guard->signal_fd = signalfd(-1, &taken, SFD_CLOEXEC);
    guard->wake_fd = eventfd(0, EFD_CLOEXEC);
    guard->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int rc = 0;
    if (guard->signal_fd < 0 || guard->wake_fd < 0 || guard->stop_fd < 0)
        rc = fx_error_set(err, FX_EIO, "signals can't be waited for: %s", strerror(errno));
    if (!rc)
        rc = fxi_thread_start(&guard->thread, "fx-guard", guard_main, guard, err);
    if (!rc)
        return guard;
    close_all(guard);
    return NULL;
}

void fxi_guard_set_pipeline(struct fxi_guard *guard, struct fxi_pipeline *pipeline)
{
    pthread_mutex_lock(&guard->lock);
    guard->pipeline = pipeline;
    if (atomic_load(&guard->asked_ms)) /* a signal came before there was a pipeline */
        fxi_pipeline_ask_stop(pipeline);
    pthread_mutex_unlock(&guard->lock);
}

void fxi_guard_set_status(struct fxi_guard *guard, int status)
{
    pthread_mutex_lock(&guard->lock);
    guard->status = status;
    guard->pipeline = NULL;
    pthread_mutex_unlock(&guard->lock);
}

int fxi_guard_stop_fd(const struct fxi_guard *guard)
{
    return guard->stop_fd;
}

int fxi_guard_signal(const struct fxi_guard *guard)
{
    return atomic_load(&guard->signal);
}

void fxi_guard_arm(struct fxi_guard *guard)
{
    begin_end(guard);
    raise_event(guard->wake_fd);
}

int64_t fxi_guard_left_ms(const struct fxi_guard *guard)
{
    int64_t left_ms = atomic_load(&guard->end_ms) - fxi_clock_ms();
    return left_ms > 0 ? left_ms : 0;
}

void fxi_guard_leave(struct fxi_guard *guard)
{
    leave(guard, FXI_GUARD_GRACE_MS / 10);
}

void fxi_guard_free(struct fxi_guard *guard)
{
    if (!guard)
        return;
    atomic_store(&guard->quits, true);
    raise_event(guard->wake_fd);
    fxi_thread_join(&guard->thread, -1);
    close_all(guard);
}
