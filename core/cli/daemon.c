/*
 * The program while it runs. The main thread starts everything, waits for a signal or for the end of all inputs, and
 * stops everything in order. The guard ends the process if stopping takes too long.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/guard.h"
#include "cli/notify.h"
#include "cli/watch.h"
#include "log/logger.h"
#include "pipeline/pipeline.h"
#include "util/clean.h"
#include "util/str.h"

/* How often the line of `systemctl status` is updated. */
#define STATUS_MS 1000

/* systemd takes datagrams of at most 4 KiB. */
#define STATUS_SIZE 1000

/* What systemd has been told. */
struct told {
    bool is_ready;
    struct fxi_str status;
};

/* Tells what has changed. What systemd does not take now is told the next time. */
static void tell(struct fxi_pipeline *pipeline, struct told *told)
{
    struct fxi_str said = {0}, clean = {0}; /* clean: one line, whatever a peer's words are */
    unsigned waiting = fxi_pipeline_waits(pipeline, &said);
    fxi_str_printf(&clean, "STATUS=%s%s", waiting ? "Not ready" : "Ready", said.size ? ": " : ".");
    fxi_clean_add(&clean, said.data, said.size < STATUS_SIZE ? said.size : STATUS_SIZE);
    if (said.size > STATUS_SIZE)
        fxi_str_puts(&clean, " ...");
    told->is_ready = told->is_ready || fxi_notify("READY=1");
    bool is_same = told->status.size && strcmp(told->status.data, clean.data) == 0;
    if (!is_same && fxi_notify("%s", clean.data)) {
        fxi_str_clear(&told->status);
        fxi_str_puts(&told->status, clean.data);
    }
    fxi_str_fini(&said);
    fxi_str_fini(&clean);
}

static void wait_for_end(const struct fxi_guard *guard, struct fxi_pipeline *pipeline)
{
    struct pollfd fds[] = {{.fd = fxi_guard_stop_fd(guard), .events = POLLIN},
                           {.fd = fxi_pipeline_end_fd(pipeline), .events = POLLIN}};
    struct told told = {0};
    bool is_wanted = fxi_notify_is_wanted();
    for (int rc = 0; rc == 0 || (rc < 0 && errno == EINTR);) {
        if (is_wanted)
            tell(pipeline, &told);
        rc = poll(fds, 2, is_wanted ? STATUS_MS : -1);
    }
    fxi_str_fini(&told.status);
}

static int start_and_wait(struct fxi_pipeline *pipeline, const struct fxi_guard *guard)
{
    struct fx_error err = FX_ERROR_INIT;
    if (fxi_pipeline_start(pipeline, &err)) {
        fxi_print_error(&err);
        return fxi_status_of_start(&err);
    }
    if (!fxi_guard_signal(guard))
        fx_log(NULL, FX_LOG_INFO, "Running.", NULL);
    wait_for_end(guard, pipeline);
    if (fxi_guard_signal(guard))
        fx_log(NULL, FX_LOG_INFO, "Stopping.", "signal=%s", strsignal(fxi_guard_signal(guard)));
    return FXI_STATUS_OK;
}

static int run(struct fxi_pipeline *pipeline, struct fxi_guard *guard)
{
    fxi_guard_set_pipeline(guard, pipeline);
    int status = start_and_wait(pipeline, guard);
    if (status != FXI_STATUS_OK) /* the outcome of the pipeline does not know that the start failed */
        fxi_guard_set_status(guard, status);
    fxi_guard_arm(guard);
    fxi_notify("STOPPING=1\nSTATUS=Stopping.\nEXTEND_TIMEOUT_USEC=%lld", fxi_guard_left_ms(guard) * 1000LL);
    bool is_whole = fxi_pipeline_stop(pipeline);
    if (status == FXI_STATUS_OK)
        status = fxi_status_of_end(fxi_pipeline_outcome(pipeline));
    fxi_guard_set_status(guard, status);
    if (!is_whole)
        fxi_guard_leave(guard);
    return status;
}

/* Warns of running as root: the program needs no such rights, and a fault caused from outside would have them. */
static void warn_of_root(void)
{
    if (geteuid() == 0)
        fx_log(NULL, FX_LOG_WARN,
               "The program runs as root, which is not necessary. Run it as a user of its own, as the systemd unit "
               "does (DynamicUser=), or with 'setpriv --reuid=USER --regid=GROUP --clear-groups'.",
               NULL);
}

static int run_guarded(struct fxi_loader *loader, const struct fxi_config *config, struct fxi_guard *guard)
{
    struct fx_error err = FX_ERROR_INIT;
    warn_of_root();
    struct fxi_pipeline *pipeline = fxi_pipeline_new(config, loader, &err);
    if (!pipeline) {
        int wrong = fxi_print_error(&err);
        return err.code == FX_ENOMEM ? FXI_STATUS_FAULT : wrong; /* a shortage passes: a supervisor may try again */
    }
    int status = run(pipeline, guard);
    fxi_pipeline_free(pipeline);
    fx_log(NULL, FX_LOG_INFO, "Stopped.", "status=%d", status);
    return status;
}

int fxi_command_run(struct fxi_loader *loader, const struct fxi_config *config)
{
    struct fx_error err = FX_ERROR_INIT;
    static struct fxi_watch watch; /* static, because threads that are left behind may still use it */
    fxi_log_setup((enum fx_log_level)config->log.level, (enum fxi_log_format)config->log.format);
    struct fxi_guard *guard = NULL;
    int status = FXI_STATUS_FAULT;
    if (fxi_watch_start(&watch, config->pipeline.call_deadline_ms, &err) == 0)
        guard = fxi_guard_new(config->pipeline.stop_timeout_ms, &watch, &err);
    if (guard)
        status = run_guarded(loader, config, guard);
    else
        fxi_print_error(&err);
    fxi_guard_free(guard);
    fxi_watch_stop(&watch);
    return status;
}
