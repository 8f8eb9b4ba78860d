/*
 * The checkpoint thread: recovers what was kept, then lets the inputs be read.
 * After that it takes a checkpoint when an output asks (a page), when the
 * last is old, and again and again while a commit has no answer.
 */
#include "pipeline/state.h"
#include "util/clock.h"
#include "util/failpoint.h"

#define TAKE_MS       1000
#define ASK_AGAIN_MS  200
#define TRUST_MARK_MS 10000

void fxi_checkpoint_wanted(struct fxi_pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->wake);
    pipeline->requested = true;
    pthread_cond_signal(&pipeline->woken);
    pthread_mutex_unlock(&pipeline->wake);
}

/* Under run: what request and thread need to know without it. */
void fxi_checkpoint_note(struct fxi_pipeline *pipeline, bool cut_taken)
{
    pthread_mutex_lock(&pipeline->wake);
    if (cut_taken)
        pipeline->last_cut_ms = fxi_clock_ms();
    pipeline->waiting_for_answer = pipeline->unsettled;
    pthread_mutex_unlock(&pipeline->wake);
}

enum fx_verdict fx_checkpoint_request(struct fx_instance *instance)
{
    struct fxi_pipeline *pipeline = instance->pipeline;
    if (!atomic_load(&pipeline->recovered))
        return FX_AGAIN; /* there is nothing to show yet */
    pthread_mutex_lock(&pipeline->wake);
    bool young = !pipeline->waiting_for_answer && !pipeline->requested && pipeline->last_cut_ms &&
                 fxi_clock_ms() - pipeline->last_cut_ms < pipeline->config->state.min_interval_ms;
    if (!young) {
        pipeline->requested = true;
        pthread_cond_signal(&pipeline->woken);
    }
    pthread_mutex_unlock(&pipeline->wake);
    return young ? FX_AGAIN : FX_OK;
}

/* Waits for a reason to take one. False: stop. */
static bool wait_for_reason(struct fxi_pipeline *pipeline)
{
    pthread_mutex_lock(&pipeline->wake);
    while (!pipeline->thread_stops && !pipeline->requested) {
        int64_t pause_ms = pipeline->waiting_for_answer ? ASK_AGAIN_MS : pipeline->config->state.max_interval_ms;
        struct timespec until = fxi_clock_after_ms(pause_ms);
        if (pthread_cond_timedwait(&pipeline->woken, &pipeline->wake, &until))
            break;
    }
    pipeline->requested = false;
    bool go_on = !pipeline->thread_stops;
    pthread_mutex_unlock(&pipeline->wake);
    return go_on;
}

/* Inputs may have to be asked for long: their sources may be away. What is marked as accepted is trusted after a while. */
static bool recover(struct fxi_pipeline *pipeline)
{
    int64_t trust_mark_ms = fxi_clock_ms() + TRUST_MARK_MS;
    int rc;
    do {
        struct fx_error err = FX_ERROR_INIT;
        pthread_mutex_lock(&pipeline->run);
        rc = fxi_recover(pipeline, TAKE_MS, fxi_clock_ms() >= trust_mark_ms, &err);
        pthread_mutex_unlock(&pipeline->run);
        unsigned suppressed;
        if (rc && fx_log_allowed(&pipeline->commit_limit, &suppressed))
            fx_log(NULL, FX_LOG_WARN, "What was counted before is not known yet; asking again.",
                   "reason=%s suppressed=%u", err.message, suppressed);
        if (rc) {
            struct timespec pause = {.tv_nsec = ASK_AGAIN_MS * 1000000};
            nanosleep(&pause, NULL);
        }
    } while (rc && !atomic_load(&pipeline->stopping));
    return !rc;
}

static void thread_main(void *arg)
{
    struct fxi_pipeline *pipeline = arg;
    if (!recover(pipeline))
        return;
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_input_let_in(&pipeline->inputs[i]);
    fxi_failpoint("let-in");
    while (wait_for_reason(pipeline)) {
        struct fx_error err = FX_ERROR_INIT;
        pthread_mutex_lock(&pipeline->run);
        /* Refusals and missing answers are logged and counted where they happen. */
        int rc = fxi_checkpoint_take(pipeline, TAKE_MS, &err);
        pthread_mutex_unlock(&pipeline->run);
        if (rc)
            fx_log(NULL, FX_LOG_DEBUG, "A checkpoint was not committed.", "reason=%s", err.message);
    }
}

int fxi_checkpoint_thread_start(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    return fxi_thread_start(&pipeline->checkpoint_thread, "fx-checkpoint", thread_main, pipeline, err);
}

bool fxi_checkpoint_thread_stop(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    pthread_mutex_lock(&pipeline->wake);
    pipeline->thread_stops = true;
    pthread_cond_signal(&pipeline->woken);
    pthread_mutex_unlock(&pipeline->wake);
    return fxi_thread_join(&pipeline->checkpoint_thread, fxi_clock_until(end_ms));
}
