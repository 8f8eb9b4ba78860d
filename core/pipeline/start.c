/* Starts the pipeline. Main thread. */
#include "pipeline/reject.h"
#include "pipeline/wiring.h"

int fxi_pipeline_end_fd(const struct fxi_pipeline *pipeline)
{
    return pipeline->end.fd;
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
    return rc >= 0 && !fxi_end_is_near(&pipeline->end);
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
    int rc = fxi_checkpoints_open(pipeline->checkpoints, err);
    for (size_t i = 0; i < pipeline->input_count; i++)
        /* until the outputs have their values (checkpoint_thread.c) */
        fxi_source_keep_out(&pipeline->inputs[i].source);
    if (!rc)
        rc = start_instances(pipeline, err);
    if (!goes_on(pipeline, rc))
        return rc;
    if (!rc)
        rc = fxi_workers_start(pipeline, err);
    if (!rc)
        rc = fxi_checkpoints_start(pipeline->checkpoints, err);
    if (!rc)
        rc = fxi_tick_start(pipeline, err);
    if (!rc) {
        fxi_readiness_set(&pipeline->readiness, FXI_READY_CORE, "program", NULL);
        fxi_ready_note(pipeline);
    }
    return rc;
}
