/*
 * Rollback: drops what was counted since the last committed cut. Under run. All workers are kept out of poll meanwhile,
 * so that nothing read before can be pushed afterwards.
 */
#include <inttypes.h>
#include <string.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/failpoint.h"

static void keep_all_out(struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        struct fxi_source *source = checkpoints->sources[i];
        /* quiesced by the calling worker, which lets them in again itself */
        source->quiesced_before = source->quiesced;
        fxi_source_keep_out(source);
    }
}

static void reset_streams(struct fxi_source *source)
{
    fxi_source_list_base(source);
    for (struct fx_stream *stream = source->streams; stream; stream = stream->next)
        stream->position = stream->cut_position = stream->base_position;
}

static void rewind_source(const struct fxi_checkpoints *checkpoints, struct fxi_source *source)
{
    struct fx_checkpoint checkpoint = {.number = checkpoints->progress.committed_number,
                                       .identity = checkpoints->identity,
                                       .tag = "",
                                       .positions = source->positions,
                                       .position_count = source->position_count};
    struct fxi_call before = fxi_call_begin(source->instance, "rewind", 0);
    if (source->instance->plugin->rewind)
        source->instance->plugin->rewind(source->instance->self, &checkpoint);
    fxi_call_end(before);
}

static void let_all_in(struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        rewind_source(checkpoints, checkpoints->sources[i]);
        if (!checkpoints->sources[i]->quiesced_before)
            fxi_source_let_in(checkpoints->sources[i]);
    }
    fxi_requests_note(checkpoints, false);
}

static void roll_outputs_back(struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->source_count; i++)
        reset_streams(checkpoints->sources[i]);
    checkpoints->hooks.gone_back(checkpoints->hooks.arg);
    fxi_progress_gone_back(&checkpoints->progress);
    for (size_t i = 0; i < checkpoints->output_count; i++) {
        struct fx_instance *instance = checkpoints->outputs[i];
        struct fxi_call before = fxi_call_begin(instance, "rolled_back", 0);
        if (instance->plugin->rolled_back)
            instance->plugin->rolled_back(instance->self, checkpoints->progress.committed_number);
        fxi_call_end(before);
    }
}

void fxi_rollback(struct fxi_checkpoints *checkpoints)
{
    keep_all_out(checkpoints);
    fxi_failpoint("rollback");
    roll_outputs_back(checkpoints);
    let_all_in(checkpoints);
    fxi_failpoint("rolled-back");
}

void fxi_adopt(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot)
{
    fx_log(NULL, FX_LOG_WARN, "A checkpoint was accepted after all; continuing from it.",
           "checkpoint=%" PRIu64 " instead_of=%" PRIu64, slot->number, checkpoints->progress.committed_number);
    keep_all_out(checkpoints);
    fxi_restore_streams(checkpoints, slot);
    roll_outputs_back(checkpoints);
    fxi_state_choose(checkpoints->store, slot);
    fxi_progress_adopt(&checkpoints->progress, slot->number);
    fxi_restore_outputs(checkpoints, slot, FXI_RECOVERY_NEWEST);
    let_all_in(checkpoints);
}
