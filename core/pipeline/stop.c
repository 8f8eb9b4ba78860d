/*
 * The pipeline's stop. Main thread, but for ask_stop. Any call of a plugin may hang, so nothing here waits without a
 * limit: workers that do not come back are left where they are. Whoever called ends the process then.
 */
#include "pipeline/wiring.h"
#include "util/clock.h"

void fxi_pipeline_ask_stop(struct fxi_pipeline *pipeline)
{
    atomic_store(&pipeline->end.stopping, true);
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

static int time_left(int64_t end_ms)
{
    int left = fxi_clock_until(end_ms);
    return left > 50 ? left : 50;
}

static bool join_threads(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    bool workers = fxi_workers_join(pipeline, end_ms);
    return fxi_checkpoints_stop(pipeline->checkpoints, end_ms) && workers;
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
    fxi_checkpoints_take_last(pipeline->checkpoints, end_ms);
    if (!has_ended && !join_threads(pipeline, end_ms))
        return false;
    stop_instances(pipeline, end_ms);
    return !atomic_load(&pipeline->end.left_behind);
}
