/* The pipeline's run: start, the end by itself, stop. Main thread but for fail and signal_end. */
#include <stdlib.h>
#include <unistd.h>

#include "pipeline/reject.h"
#include "pipeline/state.h"
#include "util/clock.h"

void fxi_pipeline_signal_end(struct fxi_pipeline *pipeline)
{
    uint64_t one = 1;
    if (write(pipeline->end_fd, &one, sizeof one) < 0)
        return; /* the counter is full: it is readable already */
}

void fxi_pipeline_fail(struct fxi_pipeline *pipeline)
{
    atomic_store(&pipeline->failed, true);
    fxi_pipeline_signal_end(pipeline);
}

int fxi_pipeline_end_fd(const struct fxi_pipeline *pipeline)
{
    return pipeline->end_fd;
}

static int start_instance(struct fx_instance *instance, struct fx_error *err)
{
    int rc = fxi_instance_start(instance, err);
    if (rc >= 0)
        rc = fxi_instance_start_workers(instance, instance->workers, err);
    return rc;
}

static int start_instances(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < pipeline->output_count && rc >= 0; i++)
        rc = start_instance(pipeline->outputs[i].instance, err);
    for (size_t i = 0; i < pipeline->resolver_count && rc >= 0; i++)
        rc = start_instance(pipeline->resolvers[i].instance, err);
    for (size_t i = 0; i < pipeline->input_count && rc >= 0; i++)
        rc = fxi_reject_start(&pipeline->inputs[i], err);
    for (size_t i = 0; i < pipeline->input_count && rc >= 0; i++)
        rc = start_instance(pipeline->inputs[i].instance, err);
    return rc < 0 ? rc : 0;
}

int fxi_pipeline_start(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    atomic_store(&pipeline->committed_ms, fxi_clock_ms());
    int rc = fxi_durable_open(pipeline, err);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_input_keep_out(&pipeline->inputs[i]); /* until the outputs have their values: checkpoint_thread.c */
    if (!rc)
        rc = start_instances(pipeline, err);
    if (!rc)
        rc = fxi_workers_start(pipeline, err);
    if (!rc)
        rc = fxi_checkpoint_thread_start(pipeline, err);
    if (!rc) {
        fxi_readiness_set(&pipeline->readiness, "program", NULL);
        fxi_ready_note(pipeline);
    }
    return rc;
}

static void take_last_checkpoint(struct fxi_pipeline *pipeline, int timeout_ms)
{
    struct fx_error err = FX_ERROR_INIT;
    pthread_mutex_lock(&pipeline->run);
    if (fxi_checkpoint_take(pipeline, timeout_ms, &err))
        fx_log(NULL, FX_LOG_WARN, "The last checkpoint was not committed; what it counted will be read again.",
               "reason=%s", err.message);
    pthread_mutex_unlock(&pipeline->run);
}

static int time_left(int64_t end_ms)
{
    int64_t left = end_ms - fxi_clock_ms();
    return left > 50 ? (int)left : 50;
}

int fxi_pipeline_stop(struct fxi_pipeline *pipeline)
{
    int64_t end_ms = fxi_clock_ms() + pipeline->config->pipeline.stop_timeout_ms;
    bool ran = pipeline->checkpoint_thread_runs;
    atomic_store(&pipeline->stopping, true);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_input_wake(&pipeline->inputs[i]);
    fxi_workers_join(pipeline);
    fxi_checkpoint_thread_stop(pipeline);
    if (ran && atomic_load(&pipeline->recovered))
        take_last_checkpoint(pipeline, time_left(end_ms) * 2 / 3);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_instance_stop(pipeline->inputs[i].instance, time_left(end_ms));
    for (size_t i = 0; i < pipeline->resolver_count; i++)
        fxi_instance_stop(pipeline->resolvers[i].instance, time_left(end_ms));
    for (size_t i = 0; i < pipeline->output_count; i++)
        fxi_instance_stop(pipeline->outputs[i].instance, time_left(end_ms));
    return atomic_load(&pipeline->failed) ? -1 : 0;
}
