/*
 * The watch may wait for the log; the guard must not. While the log holds lines that its reader has not taken, the
 * watch wakes several times a second. Otherwise it wakes twice a second, to look at the calls of plugins.
 */
#include "cli/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/notify.h"
#include "log/logger.h"
#include "plugin/calls.h"
#include "util/clock.h"

#define LOOK_MS      500
#define LAST_LINE_MS 200

static void say_level(int step)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    bool has_changed;
    enum fx_log_level level = fxi_log_step(step, &has_changed);
    fxi_log_always(FX_LOG_INFO,
                   has_changed ? "The log level has changed."
                               : "The log level does not change: there is no further "
                                 "level.",
                   "level=%s", names[level]);
}

static void say(int signal_number)
{
    if (signal_number == SIGUSR1)
        say_level(1);
    else if (signal_number == SIGUSR2)
        say_level(-1);
    else
        fxi_log_always(FX_LOG_WARN,
                       "Reloading is not supported yet: SIGHUP does nothing. Restart to read the configuration again.",
                       NULL);
}

/* In these calls a worker makes progress. Other calls, such as prepare, may have to wait for somebody else. */
static bool is_of_worker(const struct fxi_call *call)
{
    static const char *const names[] = {"poll", "drain", "letter_send", "enrich", "write"};
    for (size_t i = 0; call->instance && i < sizeof names / sizeof *names; i++)
        if (strcmp(call->name, names[i]) == 0)
            return true;
    return false;
}

/* One look at calls that take long. */
struct look {
    int64_t call_deadline_ms, watchdog_ms;
    bool has_stuck_worker;
};

/* A call is named at the deadline, and again whenever its time has doubled since. */
static void look_at(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told)
{
    struct look *look = arg;
    if (look->watchdog_ms && lasted_ms >= look->watchdog_ms && is_of_worker(call))
        look->has_stuck_worker = true;
    if (lasted_ms < look->call_deadline_ms || (*told && lasted_ms < *told * 2))
        return;
    *told = lasted_ms;
    fx_log(call->instance, FX_LOG_WARN,
           call->instance ? "A call of the plugin has not returned yet." : "The program's own work takes long.",
           "call=%s seconds=%.1f", call->name, (double)lasted_ms / 1000);
}

/* Feeds systemd's watchdog, unless a call of a worker has lasted for the watchdog's whole time. */
static void look_at_calls(struct fxi_watch *watch)
{
    struct look look = {.call_deadline_ms = watch->call_deadline_ms, .watchdog_ms = watch->watchdog_ms};
    int64_t shortest_ms = look.call_deadline_ms, now_ms = fxi_clock_ms();
    if (look.watchdog_ms && look.watchdog_ms < shortest_ms)
        shortest_ms = look.watchdog_ms;
    fxi_calls_visit(shortest_ms, look_at, &look);
    if (!look.watchdog_ms || look.has_stuck_worker || now_ms - watch->fed_ms < look.watchdog_ms / 4)
        return;
    watch->fed_ms = now_ms;
    fxi_notify("WATCHDOG=1");
}

static void watch_main(void *arg)
{
    struct fxi_watch *watch = arg;
    struct pollfd fds[] = {{.fd = watch->signals[0], .events = POLLIN}, {.events = POLLOUT}};
    int64_t look_ms = watch->watchdog_ms && watch->watchdog_ms / 4 < LOOK_MS ? watch->watchdog_ms / 4 + 1 : LOOK_MS;
    for (;;) {
        fds[1].fd = fxi_log_waiting_fd(); /* poll ignores a negative descriptor */
        unsigned char number;
        if (poll(fds, 2, (int)look_ms) > 0 && fds[0].revents) {
            if (read(watch->signals[0], &number, 1) != 1)
                return;
            say(number);
        }
        fxi_log_flush();
        look_at_calls(watch);
    }
}

int fxi_watch_start(struct fxi_watch *watch, int64_t call_deadline_ms, struct fx_error *err)
{
    watch->call_deadline_ms = call_deadline_ms;
    watch->watchdog_ms = fxi_notify_watchdog_ms();
    if (pipe2(watch->signals, O_CLOEXEC))
        return fx_error_set(err, FX_EIO, "can't make a pipe: %s", strerror(errno));
    fcntl(watch->signals[1], F_SETFL, O_NONBLOCK);
    int rc = fxi_thread_start(&watch->thread, "fx-watch", watch_main, watch, err);
    if (!rc)
        return 0;
    close(watch->signals[0]);
    close(watch->signals[1]);
    return rc;
}

void fxi_watch_stop(struct fxi_watch *watch)
{
    if (!watch->thread.runs)
        return;
    close(watch->signals[1]);
    fxi_thread_join(&watch->thread, -1);
    close(watch->signals[0]);
}

void fxi_watch_tell(struct fxi_watch *watch, int signal_number)
{
    unsigned char number = (unsigned char)signal_number;
    if (write(watch->signals[1], &number, 1) != 1)
        return; /* the pipe is full: thousands of signals wait to be logged */
}

static void name_left(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told)
{
    (void)arg, (void)told;
    fx_log(call->instance, FX_LOG_ERROR,
           call->instance ? "Ending without this call of the plugin, which does not return."
                          : "Ending without the program's own work, which does not return.",
           "call=%s seconds=%.1f", call->name, (double)lasted_ms / 1000);
}

void fxi_watch_last_words(int64_t shortest_ms, int status)
{
    fxi_calls_visit(shortest_ms, name_left, NULL);
    fx_log(NULL, FX_LOG_INFO, "Stopped.", "status=%d", status);
    fxi_log_end(LAST_LINE_MS);
}
