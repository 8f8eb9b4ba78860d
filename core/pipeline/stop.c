/*
 * Stops the pipeline. Main thread, except for ask_stop. Any call of a plugin may hang, so every wait has a limit.
 * Workers that do not return are left where they are; then the caller ends the process.
 */
#include <time.h>
#include <unistd.h>

#include "pipeline/wiring.h"
#include "util/clock.h"

#define TRY_MS 10

/* Of stop_timeout. Workers have half of it to end (join_threads). */
#define DRAIN_PERCENT 40

void fxi_pipeline_ask_stop(struct fxi_pipeline *pipeline)
{
    uint64_t one = 1;
    int64_t none = 0, drain_ms = pipeline->config->pipeline.stop_timeout_ms * DRAIN_PERCENT / 100;
    atomic_compare_exchange_strong(&pipeline->drain_end_ms, &none, fxi_clock_ms() + drain_ms);
    atomic_store(&pipeline->end.stopping, true);
    if (write(pipeline->stop_fd, &one, sizeof one) < 0)
        return; /* the counter is full, so the descriptor is readable already */
}

enum fxi_outcome fxi_pipeline_outcome(const struct fxi_pipeline *pipeline)
{
    if (atomic_load(&pipeline->end.failed))
        return FXI_OUTCOME_FAULT;
    return fxi_checkpoints_is_behind(pipeline->checkpoints) ? FXI_OUTCOME_NOT_COMMITTED : FXI_OUTCOME_CLEAN;
}

void fx_left_behind(struct fx_instance *instance)
{
    atomic_store(&instance->pipeline->end.left_behind, true);
}

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

/* Whether the last checkpoint would not have to wait for a call of a serialized instance that does not return. */
static bool calls_are_over(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    for (size_t i = 0; i < pipeline->instance_count; i++) {
        pthread_mutex_t *serial = pipeline->instances[i]->serial;
        if (serial && !lock_until(serial, end_ms))
            return false;
        if (serial)
            pthread_mutex_unlock(serial);
    }
    return true;
}

static int time_left(int64_t end_ms)
{
    int left = fxi_clock_until(end_ms);
    return left > 50 ? left : 50;
}

static bool join_threads(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    bool workers = fxi_workers_join(pipeline, end_ms);
    bool ticks = fxi_thread_join(&pipeline->tick_thread, fxi_clock_until(end_ms));
    return fxi_checkpoints_stop(pipeline->checkpoints, end_ms) && workers && ticks;
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
    fxi_pipeline_ask_stop(pipeline);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_source_wake(&pipeline->inputs[i].source);
    bool has_ended = join_threads(pipeline, end_ms - timeout_ms / 2);
    if (calls_are_over(pipeline, fxi_clock_ms() + fxi_clock_until(end_ms) / 2))
        fxi_checkpoints_take_last(pipeline->checkpoints, end_ms);
    else
        fxi_checkpoints_note_no_last(pipeline->checkpoints, "a call of a plugin does not return");
    if (!has_ended && !join_threads(pipeline, end_ms))
        return false;
    stop_instances(pipeline, end_ms);
    return !atomic_load(&pipeline->end.left_behind);
}
