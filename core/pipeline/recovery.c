/*
 * Recovery: which checkpoint was accepted last? The truth is what the inputs'
 * sources say by the tags beside the committed positions; the state directory
 * only has the values for it. Nothing of a newer slot was shown before it was
 * accepted, so going on from the older one takes nothing back.
 *
 * Under pipeline.run, before anything is read.
 */
#include "pipeline/recovery.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/calls.h"
#include "util/alloc.h"
#include "util/failpoint.h"

/* What the tags of this instance say. */
struct evidence {
    const char *identity;
    uint64_t newest;    /* the greatest number that was found; 0: none */
    uint64_t undurable; /* the greatest that was accepted without being in a slot; 0: none */
    uint64_t wanted;    /* is this number among them? */
    bool has_wanted;
};

/* Behind the public struct. */
struct recall {
    struct fx_recall public; /* first */
    struct evidence *evidence;
};

static void look(struct evidence *evidence, const char *tags, size_t size)
{
    const char *at = tags;
    struct fxi_tag tag;
    while (tags && fxi_tag_next(&at, tags + size, &tag)) {
        if (strcmp(tag.identity, evidence->identity) != 0)
            continue;
        if (tag.number > evidence->newest)
            evidence->newest = tag.number;
        if (!tag.durable && tag.number > evidence->undurable)
            evidence->undurable = tag.number;
        evidence->has_wanted = evidence->has_wanted || (tag.durable && tag.number == evidence->wanted);
    }
}

void fx_recall_found(const struct fx_recall *recall, const char *tags, size_t size)
{
    look(((const struct recall *)recall)->evidence, tags, size);
}

/* ---- asking */

static bool has(const struct fx_position *positions, size_t count, const struct fxi_slot_position *position)
{
    for (size_t i = 0; i < count; i++)
        if (positions[i].partition == position->partition && strcmp(positions[i].stream, position->stream) == 0)
            return true;
    return false;
}

/* The input's streams in both slots, each once. */
static size_t list_streams(const struct fxi_pipeline *pipeline, const struct fxi_input *input,
                           struct fx_position **positions)
{
    size_t count = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct fxi_slot *slot = fxi_state_slot(pipeline->store, s);
        *positions = fxi_realloc(*positions, count + slot->position_count + 1, sizeof **positions);
        for (size_t i = 0; i < slot->position_count; i++) {
            const struct fxi_slot_position *from = &slot->positions[i];
            if (strcmp(from->input, input->instance->name) != 0 || has(*positions, count, from))
                continue;
            (*positions)[count++] =
                (struct fx_position){.stream = from->stream, .partition = from->partition, .offset = from->offset};
        }
    }
    return count;
}

/* *asked: whether anybody could know. */
static int ask_inputs(struct fxi_pipeline *pipeline, struct evidence *evidence, bool *asked, int timeout_ms,
                      struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < pipeline->input_count && !rc; i++) {
        struct fx_instance *instance = pipeline->inputs[i].instance;
        struct fx_position *positions = NULL;
        size_t count = list_streams(pipeline, &pipeline->inputs[i], &positions);
        struct recall recall = {{positions, count}, evidence};
        if (count && instance->plugin->recall) {
            *asked = true;
            struct fx_error why = FX_ERROR_INIT;
            struct fxi_call before = fxi_call_begin(instance, "recall", 0);
            enum fx_verdict verdict = instance->plugin->recall(instance->self, &recall.public, timeout_ms, &why);
            fxi_call_end(before);
            if (verdict != FX_OK)
                rc = fx_error_set(err, FX_ETIMEOUT, "%s can't tell yet what was committed: %s", instance->name,
                                  why.message);
        }
        free(positions);
    }
    return rc;
}

/* ---- restoring */

static int call_restore(struct fx_instance *instance, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(instance, "restore", 0);
    int rc = instance->plugin->restore(instance->self, checkpoint, err);
    fxi_call_end(before);
    return rc;
}

static void restore(struct fxi_pipeline *pipeline, struct fx_instance *instance, const struct fxi_slot *slot)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fx_checkpoint nothing = {.number = 0, .tag = ""};
    if (!instance->plugin->restore)
        return;
    int rc = slot && instance->state ? fxi_part_read(instance->state, slot, &err) : FX_EINVAL;
    if (!rc) {
        struct fx_checkpoint checkpoint = {.number = slot->number, .tag = "", .state = instance->state};
        rc = call_restore(instance, &checkpoint, &err);
        fxi_part_read_end(instance->state);
        if (rc >= 0)
            return;
    }
    if (slot && instance->state) {
        fxi_part_void(instance->state);
        fx_log(instance, FX_LOG_ERROR, "The kept values can't be used: counters begin at zero.",
               "checkpoint=%" PRIu64 " reason=%s", slot->number, err.message);
        fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_STATE_FAILURES, 0, 1);
    }
    err = (struct fx_error)FX_ERROR_INIT;
    if (call_restore(instance, &nothing, &err) < 0) {
        fx_log(instance, FX_LOG_ERROR, "The output can't begin with nothing either.", "reason=%s", err.message);
        fxi_pipeline_fail(pipeline);
    }
}

void fxi_restore_outputs(struct fxi_pipeline *pipeline, const struct fxi_slot *slot)
{
    for (size_t i = 0; i < pipeline->output_count; i++)
        restore(pipeline, pipeline->outputs[i].instance, slot);
}

/* ---- deciding */

static const char *const sentences[] = {
    [FXI_RECOVERY_NONE] = "Counters begin at zero: nothing was kept.",
    [FXI_RECOVERY_NEWEST] = "Counters go on from the newest checkpoint.",
    [FXI_RECOVERY_OLDER] = "Counters go on from the checkpoint before the newest, which was not accepted.",
    [FXI_RECOVERY_STALE] = "Counters begin at zero: later checkpoints were accepted than those that were kept.",
    [FXI_RECOVERY_DAMAGED] = "Counters begin at zero: what was kept is damaged."};

static void report(struct fxi_pipeline *pipeline, enum fxi_recovery kind, const struct fxi_slot *truth)
{
    bool is_bad = kind == FXI_RECOVERY_STALE || kind == FXI_RECOVERY_DAMAGED;
    fx_log(NULL, is_bad ? FX_LOG_ERROR : FX_LOG_INFO, sentences[kind], "checkpoint=%" PRIu64,
           truth ? truth->number : 0);
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_RECOVERIES, kind, 1);
}

static void begin(struct fxi_pipeline *pipeline, enum fxi_recovery kind, const struct fxi_slot *truth, uint64_t newest)
{
    report(pipeline, kind, truth);
    if (pipeline->store)
        fxi_state_choose(pipeline->store, truth);
    fxi_failpoint("chosen");
    pipeline->number = newest; /* a number is never used twice */
    pipeline->committed_number = truth ? truth->number : 0;
    fxi_restore_outputs(pipeline, truth);
    fxi_failpoint("restored");
    atomic_store(&pipeline->recovered, true);
}

/* Says what is wrong with slots that can't be read; true if one is. */
static bool report_faults(const struct fxi_pipeline *pipeline)
{
    bool any = false;
    for (unsigned i = 0; i < 2; i++) {
        const char *fault = fxi_state_fault(pipeline->store, i);
        if (!*fault)
            continue;
        any = true;
        fx_log(NULL, FX_LOG_ERROR, "A checkpoint in the state directory can't be used.", "file=checkpoint-%u reason=%s",
               i, fault);
    }
    return any;
}

int fxi_recover(struct fxi_pipeline *pipeline, int timeout_ms, bool may_trust_mark, struct fx_error *err)
{
    if (!pipeline->store) {
        begin(pipeline, FXI_RECOVERY_NONE, NULL, 0);
        return 0;
    }
    const struct fxi_slot *slots[2] = {fxi_state_slot(pipeline->store, 0), fxi_state_slot(pipeline->store, 1)};
    const struct fxi_slot *newest = NULL, *older = NULL;
    if (slots[0]->is_valid || slots[1]->is_valid) {
        bool first = slots[0]->is_valid && (!slots[1]->is_valid || slots[0]->number > slots[1]->number);
        newest = slots[first ? 0 : 1];
        older = slots[first ? 1 : 0]->is_valid ? slots[first ? 1 : 0] : NULL;
    }
    bool is_damaged = *fxi_state_fault(pipeline->store, 0) || *fxi_state_fault(pipeline->store, 1);
    if (!newest) {
        report_faults(pipeline);
        begin(pipeline, is_damaged ? FXI_RECOVERY_DAMAGED : FXI_RECOVERY_NONE, NULL, 0);
        return 0;
    }
    bool asked = false;
    struct evidence evidence = {.identity = pipeline->identity, .wanted = newest->number};
    int rc = ask_inputs(pipeline, &evidence, &asked, timeout_ms, err);
    if (rc && !(newest->is_accepted && !is_damaged && may_trust_mark))
        return rc;
    report_faults(pipeline);
    fxi_failpoint("recalled");
    uint64_t last = evidence.newest > newest->number ? evidence.newest : newest->number;
    bool accepted = evidence.has_wanted || newest->is_accepted || !asked;
    const struct fxi_slot *truth = accepted ? newest : older;
    if (evidence.newest > newest->number || evidence.undurable > (truth ? truth->number : 0))
        begin(pipeline, FXI_RECOVERY_STALE, NULL, last);
    else if (accepted)
        begin(pipeline, FXI_RECOVERY_NEWEST, newest, last);
    else
        begin(pipeline,
              older        ? FXI_RECOVERY_OLDER
              : is_damaged ? FXI_RECOVERY_DAMAGED
                           : FXI_RECOVERY_NONE,
              older, last);
    if (!accepted)
        pipeline->doubtful = newest;
    return 0;
}

static bool has_streams(const struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++)
        for (const struct fx_stream *stream = pipeline->inputs[i].streams; stream; stream = stream->next)
            if (stream->live)
                return true;
    return false;
}

/*
 * Who has streams is a member of the group as it is now: what an earlier incarnation sent can't be accepted any more.
 * Before that nothing is to be committed anyway.
 */
int fxi_recovery_resolve(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err)
{
    const struct fxi_slot *doubtful = pipeline->doubtful;
    if (!doubtful)
        return 0;
    if (!has_streams(pipeline))
        return fx_error_set(err, FX_EIO, "checkpoint %" PRIu64 " is in doubt, and there is nothing to commit",
                            doubtful->number);
    bool asked = false;
    struct evidence evidence = {.identity = pipeline->identity, .wanted = doubtful->number};
    int rc = ask_inputs(pipeline, &evidence, &asked, timeout_ms, err);
    if (rc)
        return rc;
    if (evidence.has_wanted)
        fxi_adopt(pipeline, doubtful);
    pipeline->doubtful = NULL;
    return 0;
}

void fxi_recovery_look(struct fxi_pipeline *pipeline, const char *tags, size_t size)
{
    const struct fxi_slot *doubtful = pipeline->doubtful;
    struct evidence evidence = {.identity = pipeline->identity, .wanted = doubtful ? doubtful->number : 0};
    look(&evidence, tags, size);
    if (doubtful && !pipeline->unsettled && evidence.has_wanted)
        fxi_adopt(pipeline, doubtful);
    if (evidence.newest > pipeline->number) {
        fx_log(NULL, FX_LOG_ERROR,
               "A later checkpoint of this instance was accepted than it knows of: was the state directory copied, or "
               "brought back from a backup?",
               "known=%" PRIu64 " found=%" PRIu64, pipeline->number, evidence.newest);
        pipeline->number = evidence.newest;
    }
}
