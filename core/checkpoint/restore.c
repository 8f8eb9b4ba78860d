/* Gives outputs and streams what the state directory has kept. Under run, while no worker is inside poll. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/alloc.h"

static int call_restore(struct fx_instance *instance, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(instance, "restore", 0);
    int rc = instance->plugin->restore(instance->self, checkpoint, err);
    fxi_call_end(before);
    return rc;
}

/* Positions of all inputs, as in prepare. The caller's; texts are the slot's. */
static struct fx_position *positions_of(const struct fxi_slot *slot)
{
    struct fx_position *positions = fxi_calloc(slot->position_count + 1, sizeof *positions);
    for (size_t i = 0; i < slot->position_count; i++)
        positions[i] = (struct fx_position){.stream = slot->positions[i].stream,
                                            .partition = slot->positions[i].partition,
                                            .offset = slot->positions[i].offset};
    return positions;
}

static int call_restore_kept(const struct fxi_checkpoints *checkpoints, struct fx_instance *instance,
                             const struct fxi_slot *slot, struct fx_error *err)
{
    char tag[FXI_TAG_BYTES];
    struct fx_position *positions = positions_of(slot);
    fxi_tag_print(tag, checkpoints->identity, true, slot->number);
    struct fx_checkpoint checkpoint = {.number = slot->number,
                                       .identity = checkpoints->identity,
                                       .tag = tag,
                                       .durable = 1,
                                       .positions = positions,
                                       .position_count = slot->position_count,
                                       .state = instance->state};
    int rc = call_restore(instance, &checkpoint, err);
    free(positions);
    return rc;
}

enum restored { RESTORED, RESTORED_NOTHING, RESTORED_DAMAGED };

static enum restored restore_kept(struct fxi_checkpoints *checkpoints, struct fx_instance *instance,
                                  const struct fxi_slot *slot)
{
    struct fx_error err = FX_ERROR_INIT;
    int rc = fxi_part_read(instance->state, slot, &err);
    enum restored result = rc == FX_EINVAL ? RESTORED_NOTHING : RESTORED_DAMAGED;
    if (!rc) {
        rc = call_restore_kept(checkpoints, instance, slot, &err);
        fxi_part_read_end(instance->state);
        if (rc >= 0)
            return RESTORED;
    }
    fxi_part_void(instance->state);
    fx_log(instance, FX_LOG_ERROR, "The kept values can't be used: counters begin at zero.",
           "checkpoint=%" PRIu64 " reason=%s", slot->number, err.message);
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_STATE_FAILURES, 0, 1);
    return result;
}

static enum restored restore(struct fxi_checkpoints *checkpoints, struct fx_instance *instance,
                             const struct fxi_slot *slot)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fx_checkpoint nothing = {.identity = checkpoints->identity, .tag = "", .state = instance->state};
    enum restored result = slot && instance->state ? restore_kept(checkpoints, instance, slot) : RESTORED_NOTHING;
    if (result != RESTORED && call_restore(instance, &nothing, &err) < 0) {
        fx_log(instance, FX_LOG_ERROR, "The output can't begin at zero either.", "reason=%s", err.message);
        fxi_end_fail(checkpoints->end);
    }
    return result;
}

static void report(struct fxi_checkpoints *checkpoints, enum fxi_recovery kind, const struct fxi_slot *truth)
{
    static const char *const sentences[] = {
        [FXI_RECOVERY_NONE] = "Counters begin at zero: nothing was kept.",
        [FXI_RECOVERY_NEWEST] = "Counters continue from the newest checkpoint.",
        [FXI_RECOVERY_OLDER] = "Counters continue from the checkpoint before the newest, which was not accepted.",
        [FXI_RECOVERY_STALE] = "Counters begin at zero: checkpoints were accepted that are later than the kept ones.",
        [FXI_RECOVERY_DAMAGED] = "Counters begin at zero: the kept checkpoint is damaged."};
    bool is_bad = kind == FXI_RECOVERY_STALE || kind == FXI_RECOVERY_DAMAGED;
    fx_log(NULL, is_bad ? FX_LOG_ERROR : FX_LOG_INFO, sentences[kind], "checkpoint=%" PRIu64,
           truth ? truth->number : 0);
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_RECOVERIES, kind, 1);
}

void fxi_restore_outputs(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot, enum fxi_recovery kind)
{
    size_t counts[RESTORED_DAMAGED + 1] = {0};
    for (size_t i = 0; i < checkpoints->output_count; i++) {
        struct fx_instance *instance = checkpoints->outputs[i];
        if (instance->plugin->restore)
            counts[restore(checkpoints, instance, slot)]++;
    }
    if (slot && counts[RESTORED_DAMAGED])
        kind = FXI_RECOVERY_DAMAGED;
    else if (slot && counts[RESTORED_NOTHING] && !counts[RESTORED])
        kind = FXI_RECOVERY_NONE;
    report(checkpoints, kind, slot);
}

void fxi_restore_streams(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot)
{
    for (size_t i = slot->position_count; i-- > 0;) { /* new streams are put first, so this keeps their order */
        const struct fxi_slot_position *position = &slot->positions[i];
        for (size_t j = 0; j < checkpoints->source_count; j++) {
            struct fxi_source *source = checkpoints->sources[j];
            if (strcmp(position->input, source->instance->name) != 0)
                continue;
            struct fx_stream *stream = fxi_source_stream(source, position->stream, position->partition);
            stream->is_kept = true;
            if (stream->live && stream->is_moved)
                continue; /* it goes on from where the others left it, not from where this instance did */
            stream->base_position = position->offset;
            if (!stream->live)
                stream->position = stream->cut_position = position->offset;
        }
    }
}
