/*
 * Rollback: what was counted since the last committed cut is given back.
 * Under pipeline.run. All workers are kept out of poll meanwhile, so that
 * nothing that was read before can be pushed after.
 */
#include <inttypes.h>
#include <string.h>

#include "pipeline/recovery.h"
#include "pipeline/state.h"
#include "plugin/calls.h"
#include "util/failpoint.h"

static void keep_all_out(struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        struct fxi_input *input = &pipeline->inputs[i];
        input->quiesced_before = input->quiesced; /* by the worker that we are in: it lets them in again itself */
        fxi_input_keep_out(input);
    }
}

static void reset_streams(struct fxi_input *input)
{
    fxi_input_list_positions(input, true);
    for (struct fx_stream *stream = input->streams; stream; stream = stream->next)
        stream->position = stream->cut_position = stream->base_position;
}

static void rewind_input(const struct fxi_pipeline *pipeline, struct fxi_input *input)
{
    struct fx_checkpoint checkpoint = {.number = pipeline->committed_number,
                                       .tag = "",
                                       .positions = input->positions,
                                       .position_count = input->position_count};
    struct fxi_call before = fxi_call_begin(input->instance, "rewind", 0);
    if (input->instance->plugin->rewind)
        input->instance->plugin->rewind(input->instance->self, &checkpoint);
    fxi_call_end(before);
}

static void let_all_in(struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        rewind_input(pipeline, &pipeline->inputs[i]);
        if (!pipeline->inputs[i].quiesced_before)
            fxi_input_let_in(&pipeline->inputs[i]);
    }
    fxi_checkpoint_note(pipeline, false);
}

static void roll_outputs_back(struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        reset_streams(&pipeline->inputs[i]);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_markers_spoil(pipeline->inputs[i].markers);
    pipeline->unsettled = pipeline->is_void = false;
    atomic_store(&pipeline->is_owed, false);
    atomic_store(&pipeline->is_dirty, false);
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        struct fxi_call before = fxi_call_begin(instance, "rolled_back", 0);
        if (instance->plugin->rolled_back)
            instance->plugin->rolled_back(instance->self, pipeline->committed_number);
        fxi_call_end(before);
    }
}

void fxi_rollback(struct fxi_pipeline *pipeline)
{
    keep_all_out(pipeline);
    fxi_failpoint("rollback");
    roll_outputs_back(pipeline);
    let_all_in(pipeline);
    fxi_failpoint("rolled-back");
}

void fxi_adopt(struct fxi_pipeline *pipeline, const struct fxi_slot *slot)
{
    fx_log(NULL, FX_LOG_WARN, "A checkpoint was accepted after all; continuing from it.",
           "checkpoint=%" PRIu64 " instead_of=%" PRIu64, slot->number, pipeline->committed_number);
    keep_all_out(pipeline);
    fxi_recovery_know_streams(pipeline, slot);
    roll_outputs_back(pipeline);
    pipeline->doubtful = NULL;
    fxi_state_choose(pipeline->store, slot);
    pipeline->committed_number = slot->number;
    fxi_restore_outputs(pipeline, slot, FXI_RECOVERY_NEWEST);
    let_all_in(pipeline);
}
