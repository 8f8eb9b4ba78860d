/*
 * The pipeline's stop. Main thread. Any call of a plugin may hang, so nothing here waits without a limit: workers that do
 * not come back are left where they are, and what they have counted is committed nevertheless if they are between
 * payloads. Who called ends the process then.
 */
#include <time.h>

#include "pipeline/state.h"
#include "util/clock.h"

#define TRY_MS 10

void fxi_pipeline_ask_stop(struct fxi_pipeline *pipeline)
{
    atomic_store(&pipeline->stopping, true);
}

enum fxi_outcome fxi_pipeline_outcome(const struct fxi_pipeline *pipeline)
{
    if (atomic_load(&pipeline->failed))
        return FXI_OUTCOME_FAULT;
    return atomic_load(&pipeline->is_dirty) || atomic_load(&pipeline->is_owed) ? FXI_OUTCOME_NOT_COMMITTED
                                                                               : FXI_OUTCOME_CLEAN;
}

void fx_left_behind(struct fx_instance *instance)
{
    atomic_store(&instance->pipeline->left_behind, true);
}

/* A mutex with a limit, by tries: whoever has it may be inside a call that does not return. */
static bool lock_until(pthread_mutex_t *mutex, int64_t end_ms)
{
    while (pthread_mutex_trylock(mutex)) {
        if (fxi_clock_until(end_ms) == 0)
            return false;
        struct timespec pause = {.tv_nsec = TRY_MS * 1000000};
        nanosleep(&pause, NULL);
    }
    return true;
}

/* Whether a cut would not have to wait: a worker that hangs between payloads holds nothing. */
static bool gates_are_free(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    for (unsigned i = 0; i < pipeline->feed_count; i++) {
        if (!lock_until(&pipeline->feeds[i].gate, end_ms))
            return false;
        pthread_mutex_unlock(&pipeline->feeds[i].gate);
    }
    return true;
}

static int time_left(int64_t end_ms)
{
    int left = fxi_clock_until(end_ms);
    return left > 50 ? left : 50;
}

static void take_last_checkpoint(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    struct fx_error err = FX_ERROR_INIT;
    int64_t wait_ms = fxi_clock_ms() + fxi_clock_until(end_ms) / 2;
    if (!lock_until(&pipeline->run, wait_ms)) {
        fx_error_set(&err, FX_ETIMEOUT, "another is under way and does not end");
    } else {
        if (!gates_are_free(pipeline, wait_ms))
            fx_error_set(&err, FX_ETIMEOUT, "a worker does not come to the end of a batch");
        else if (fxi_checkpoint_take(pipeline, time_left(end_ms) * 2 / 3, &err) == 0)
            err.code = 0;
        pthread_mutex_unlock(&pipeline->run);
    }
    if (err.code)
        fx_log(NULL, FX_LOG_WARN, "The last checkpoint was not committed; what it counted will be read again.",
               "reason=%s", err.message);
}

static bool join_threads(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    bool workers = fxi_workers_join(pipeline, end_ms);
    return fxi_checkpoint_thread_stop(pipeline, end_ms) && workers;
}

static void stop_instances(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_instance_stop(pipeline->inputs[i].instance, time_left(end_ms));
    for (size_t i = 0; i < pipeline->resolver_count; i++)
        fxi_instance_stop(pipeline->resolvers[i].instance, time_left(end_ms));
    for (size_t i = 0; i < pipeline->output_count; i++)
        fxi_instance_stop(pipeline->outputs[i].instance, time_left(end_ms));
}

bool fxi_pipeline_stop(struct fxi_pipeline *pipeline)
{
    int64_t timeout_ms = pipeline->config->pipeline.stop_timeout_ms, end_ms = fxi_clock_ms() + timeout_ms;
    bool ran = pipeline->checkpoint_thread.runs;
    fxi_pipeline_ask_stop(pipeline);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_input_wake(&pipeline->inputs[i]);
    bool has_ended = join_threads(pipeline, end_ms - timeout_ms / 2);
    if (ran && atomic_load(&pipeline->recovered))
        take_last_checkpoint(pipeline, end_ms);
    if (!has_ended && !join_threads(pipeline, end_ms))
        return false;
    stop_instances(pipeline, end_ms);
    return !atomic_load(&pipeline->left_behind);
}
