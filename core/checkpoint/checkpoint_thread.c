/*
 * The checkpoint thread. First it recovers what was kept, and lets workers in. Then it takes checkpoints: when an
 * output asks for one (for a page), when the last one is old, and again while a commit has no answer.
 */
#include <time.h>

#include "checkpoint/inside.h"
#include "util/clock.h"
#include "util/failpoint.h"

#define TAKE_MS       1000
#define LEISURE_MS    INT32_MAX /* each output has a limit of its own, prepare_timeout */
#define ASK_AGAIN_MS  200
#define TRUST_MARK_MS 10000

/*
 * Asks the inputs until they answer, which may take long if their sources can't be reached. After a while a slot that
 * is marked as accepted is trusted without their answer.
 */
static bool recover(struct fxi_checkpoints *checkpoints)
{
    int64_t trust_mark_ms = fxi_clock_ms() + TRUST_MARK_MS;
    int rc;
    do {
        struct fx_error err = FX_ERROR_INIT;
        fxi_checkpoints_hold(checkpoints);
        rc = fxi_checkpoints_recover(checkpoints, TAKE_MS, fxi_clock_ms() >= trust_mark_ms, &err);
        fxi_checkpoints_release(checkpoints);
        unsigned suppressed;
        if (rc && fx_log_allowed(&checkpoints->commit_limit, &suppressed))
            fx_log(NULL, FX_LOG_WARN, "The last committed checkpoint is not known yet; asking again.",
                   "reason=%s suppressed=%u", err.message, suppressed);
        if (rc) {
            struct timespec pause = {.tv_nsec = ASK_AGAIN_MS * 1000000};
            nanosleep(&pause, NULL);
        }
    } while (rc && !atomic_load(&checkpoints->end->stopping));
    return !rc;
}

static void thread_main(void *arg)
{
    struct fxi_checkpoints *checkpoints = arg;
    if (!recover(checkpoints))
        return;
    for (size_t i = 0; i < checkpoints->source_count; i++)
        fxi_source_let_in(checkpoints->sources[i]);
    fxi_failpoint("let-in");
    while (fxi_requests_wait(checkpoints)) {
        struct fx_error err = FX_ERROR_INIT;
        pthread_mutex_lock(&checkpoints->run); /* it can wait */
        /* Refusals and missing answers are logged and counted where they happen. */
        int rc = fxi_take(checkpoints, LEISURE_MS, TAKE_MS, &err);
        fxi_checkpoints_release(checkpoints);
        if (rc)
            fx_log(NULL, FX_LOG_DEBUG, "A checkpoint was not committed.", "reason=%s", err.message);
    }
}

int fxi_checkpoints_start(struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    return fxi_thread_start(&checkpoints->thread, "fx-checkpoint", thread_main, checkpoints, err);
}

bool fxi_checkpoints_stop(struct fxi_checkpoints *checkpoints, int64_t end_ms)
{
    fxi_requests_stop(checkpoints);
    return fxi_thread_join(&checkpoints->thread, fxi_clock_until(end_ms));
}
