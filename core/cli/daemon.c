/*
 * The program while it runs: the main thread waits for a signal or for the
 * pipeline's own end, then stops everything in order.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli/commands.h"
#include "log/log.h"
#include "pipeline/pipeline.h"

/* SIGTERM and SIGINT end the program; SIGHUP is taken and does nothing yet; a peer that hangs up kills nobody. */
static int open_signals(struct fx_error *err)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC);
    if (fd < 0)
        fx_error_set(err, FX_EIO, "signals can't be waited for: %s", strerror(errno));
    return fd;
}

/* True: the program shall end. */
static bool take_signal(int fd)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) != (ssize_t)sizeof info)
        return false;
    if (info.ssi_signo == SIGHUP) {
        fx_log(NULL, FX_LOG_WARN, "SIGHUP does nothing: restart to read the configuration anew.", NULL);
        return false;
    }
    fx_log(NULL, FX_LOG_INFO, "Stopping.", "signal=%s", strsignal((int)info.ssi_signo));
    return true;
}

static void wait_for_end(int signal_fd, int end_fd)
{
    struct pollfd fds[] = {{.fd = signal_fd, .events = POLLIN}, {.fd = end_fd, .events = POLLIN}};
    for (;;) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            return;
        if (fds[1].revents)
            return;
        if (fds[0].revents && take_signal(signal_fd))
            return;
    }
}

static int run(struct fxi_pipeline *pipeline, int signal_fd)
{
    struct fx_error err = FX_ERROR_INIT;
    int status = 0;
    if (fxi_pipeline_start(pipeline, &err)) {
        fxi_print_error(&err);
        status = fxi_status_of_start(&err);
    } else {
        fx_log(NULL, FX_LOG_INFO, "Running.", NULL);
        wait_for_end(signal_fd, fxi_pipeline_end_fd(pipeline));
    }
    if (fxi_pipeline_stop(pipeline))
        status = FXI_STATUS_FAULT;
    return status;
}

/* Nothing here needs its rights, and all that comes from outside would have them, too. */
static void warn_of_root(void)
{
    if (geteuid() == 0)
        fx_log(NULL, FX_LOG_WARN,
               "Running as root, which is not needed: run it as a user of its own, as the systemd unit does "
               "(DynamicUser=), "
               "or by 'setpriv --reuid=USER --regid=GROUP --clear-groups'.",
               NULL);
}

int fxi_command_run(struct fxi_loader *loader, const struct fxi_config *config)
{
    struct fx_error err = FX_ERROR_INIT;
    fxi_log_setup((enum fx_log_level)config->log.level, (enum fxi_log_format)config->log.format);
    int signal_fd = open_signals(&err);
    if (signal_fd < 0) {
        fxi_print_error(&err);
        return FXI_STATUS_FAULT;
    }
    warn_of_root();
    struct fxi_pipeline *pipeline = fxi_pipeline_new(config, loader, &err);
    int status = pipeline ? run(pipeline, signal_fd) : fxi_print_error(&err);
    fxi_pipeline_free(pipeline);
    close(signal_fd);
    if (pipeline)
        fx_log(NULL, FX_LOG_INFO, "Stopped.", "status=%d", status);
    return status;
}
