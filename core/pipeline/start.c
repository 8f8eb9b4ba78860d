/* The pipeline's start, and its end by itself. Main thread but for fail, signal_end and ask_stop. */
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

static bool goes_on(const struct fxi_pipeline *pipeline, int rc)
{
    return rc >= 0 && !atomic_load(&pipeline->stopping);
}

static int start_instances(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < pipeline->output_count && goes_on(pipeline, rc); i++)
        rc = start_instance(pipeline->outputs[i].instance, err);
    for (size_t i = 0; i < pipeline->resolver_count && goes_on(pipeline, rc); i++)
        rc = start_instance(pipeline->resolvers[i].instance, err);
    for (size_t i = 0; i < pipeline->input_count && goes_on(pipeline, rc); i++)
        rc = fxi_reject_start(&pipeline->inputs[i], err);
    for (size_t i = 0; i < pipeline->input_count && goes_on(pipeline, rc); i++)
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
    if (!goes_on(pipeline, rc))
        return rc;
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
