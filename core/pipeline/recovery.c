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
    uint64_t moved;     /* the same of streams that moved from the older slot to the newer */
    bool has_moved;     /* there are such */
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

/* Both slots have the stream, at different places: the newer one's commit has to have touched it. */
static bool has_moved(const struct fxi_pipeline *pipeline, const struct fxi_slot_position *position)
{
    unsigned places = 0;
    int64_t first = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct fxi_slot *slot = fxi_state_slot(pipeline->store, s);
        for (size_t i = 0; i < slot->position_count; i++) {
            const struct fxi_slot_position *at = &slot->positions[i];
            if (at->partition != position->partition || strcmp(at->stream, position->stream) != 0 ||
                strcmp(at->input, position->input) != 0)
                continue;
            if (places++ && at->offset != first)
                return true;
            first = at->offset;
        }
    }
    return false;
}

/* The input's streams in both slots, each once: those that have moved between them, or the others. */
static size_t list_streams(const struct fxi_pipeline *pipeline, const struct fxi_input *input, bool moved,
                           struct fx_position **positions)
{
    size_t count = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct fxi_slot *slot = fxi_state_slot(pipeline->store, s);
        *positions = fxi_realloc(*positions, count + slot->position_count + 1, sizeof **positions);
        for (size_t i = 0; i < slot->position_count; i++) {
            const struct fxi_slot_position *from = &slot->positions[i];
            if (strcmp(from->input, input->instance->name) != 0 || has(*positions, count, from) ||
                has_moved(pipeline, from) != moved)
                continue;
            (*positions)[count++] =
                (struct fx_position){.stream = from->stream, .partition = from->partition, .offset = from->offset};
        }
    }
    return count;
}

static int ask_input(struct fxi_pipeline *pipeline, const struct fxi_input *input, bool moved,
                     struct evidence *evidence, bool *asked, int timeout_ms, struct fx_error *err)
{
    struct fx_instance *instance = input->instance;
    struct fx_position *positions = NULL;
    size_t count = instance->plugin->recall ? list_streams(pipeline, input, moved, &positions) : 0;
    struct recall recall = {{positions, count}, evidence};
    struct fx_error why = FX_ERROR_INIT;
    int rc = 0;
    if (count) {
        *asked = true;
        evidence->has_moved = evidence->has_moved || moved;
        struct fxi_call before = fxi_call_begin(instance, "recall", 0);
        enum fx_verdict verdict = instance->plugin->recall(instance->self, &recall.public, timeout_ms, &why);
        fxi_call_end(before);
        if (verdict != FX_OK)
            rc =
                fx_error_set(err, FX_ETIMEOUT, "%s can't tell yet what was committed: %s", instance->name, why.message);
    }
    free(positions);
    return rc;
}

/* *asked: whether anybody could know. Those that have moved are asked about first, apart. */
static int ask_inputs(struct fxi_pipeline *pipeline, struct evidence *evidence, bool *asked, int timeout_ms,
                      struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        rc = ask_input(pipeline, &pipeline->inputs[i], true, evidence, asked, timeout_ms, err);
    evidence->moved = evidence->newest;
    for (size_t i = 0; i < pipeline->input_count && !rc; i++)
        rc = ask_input(pipeline, &pipeline->inputs[i], false, evidence, asked, timeout_ms, err);
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

enum restored { RESTORED, RESTORED_NOTHING, RESTORED_DAMAGED };

static enum restored restore_kept(struct fxi_pipeline *pipeline, struct fx_instance *instance,
                                  const struct fxi_slot *slot)
{
    struct fx_error err = FX_ERROR_INIT;
    int rc = fxi_part_read(instance->state, slot, &err);
    enum restored result = rc == FX_EINVAL ? RESTORED_NOTHING : RESTORED_DAMAGED;
    if (!rc) {
        struct fx_checkpoint checkpoint = {.number = slot->number, .tag = "", .state = instance->state};
        rc = call_restore(instance, &checkpoint, &err);
        fxi_part_read_end(instance->state);
        if (rc >= 0)
            return RESTORED;
    }
    fxi_part_void(instance->state);
    fx_log(instance, FX_LOG_ERROR, "The kept values can't be used: counters begin at zero.",
           "checkpoint=%" PRIu64 " reason=%s", slot->number, err.message);
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_STATE_FAILURES, 0, 1);
    return result;
}

static enum restored restore(struct fxi_pipeline *pipeline, struct fx_instance *instance, const struct fxi_slot *slot)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fx_checkpoint nothing = {.number = 0, .tag = ""};
    enum restored result = slot && instance->state ? restore_kept(pipeline, instance, slot) : RESTORED_NOTHING;
    if (result != RESTORED && call_restore(instance, &nothing, &err) < 0) {
        fx_log(instance, FX_LOG_ERROR, "The output can't begin with nothing either.", "reason=%s", err.message);
        fxi_pipeline_fail(pipeline);
    }
    return result;
}

static void report(struct fxi_pipeline *pipeline, enum fxi_recovery kind, const struct fxi_slot *truth)
{
    static const char *const sentences[] = {
        [FXI_RECOVERY_NONE] = "Counters begin at zero: nothing was kept.",
        [FXI_RECOVERY_NEWEST] = "Counters go on from the newest checkpoint.",
        [FXI_RECOVERY_OLDER] = "Counters go on from the checkpoint before the newest, which was not accepted.",
        [FXI_RECOVERY_STALE] = "Counters begin at zero: later checkpoints were accepted than those that were kept.",
        [FXI_RECOVERY_DAMAGED] = "Counters begin at zero: what was kept is damaged."};
    bool is_bad = kind == FXI_RECOVERY_STALE || kind == FXI_RECOVERY_DAMAGED;
    fx_log(NULL, is_bad ? FX_LOG_ERROR : FX_LOG_INFO, sentences[kind], "checkpoint=%" PRIu64,
           truth ? truth->number : 0);
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_RECOVERIES, kind, 1);
}

void fxi_restore_outputs(struct fxi_pipeline *pipeline, const struct fxi_slot *slot, enum fxi_recovery kind)
{
    size_t counts[RESTORED_DAMAGED + 1] = {0};
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        if (instance->plugin->restore)
            counts[restore(pipeline, instance, slot)]++;
    }
    if (slot && counts[RESTORED_DAMAGED])
        kind = FXI_RECOVERY_DAMAGED;
    else if (slot && counts[RESTORED_NOTHING] && !counts[RESTORED])
        kind = FXI_RECOVERY_NONE;
    report(pipeline, kind, slot);
}

void fxi_recovery_know_streams(struct fxi_pipeline *pipeline, const struct fxi_slot *slot)
{
    for (size_t i = slot->position_count; i-- > 0;) { /* each new one goes to the front: their order stays */
        const struct fxi_slot_position *position = &slot->positions[i];
        for (size_t j = 0; j < pipeline->input_count; j++) {
            struct fxi_input *input = &pipeline->inputs[j];
            if (strcmp(position->input, input->instance->name) != 0)
                continue;
            struct fx_stream *stream = fxi_input_stream(input, position->stream, position->partition);
            stream->base_position = position->offset;
            stream->is_kept = true;
            if (!stream->live)
                stream->position = stream->cut_position = position->offset;
        }
    }
}

/* ---- deciding */

/* Can the slot that is damaged have been accepted after the one that is not? */
enum damage { DAMAGE_NO, DAMAGE_PERHAPS, DAMAGE_YES };

static enum damage judge_damage(const struct fxi_pipeline *pipeline, const struct fxi_slot *sound)
{
    const struct fxi_slot *other = fxi_state_slot(pipeline->store, 1 - sound->index);
    if (!*fxi_state_fault(pipeline->store, other->index) || other->is_unfinished)
        return DAMAGE_NO;
    if (other->mark == FXI_MARK_SOUND) /* set by itself, and never before the rest was on the disk */
        return other->mark_number > sound->number ? DAMAGE_YES : DAMAGE_NO;
    return DAMAGE_PERHAPS;
}

/*
 * Can the inputs' sources tell at all whether the newest slot, which is not marked, was accepted? Not when they have not
 * one tag of this instance where the older slot left some: somebody has dropped them. Then the newest slot counts:
 * nothing that was shown goes back, and its positions, from which reading goes on if the source has none, fit its values.
 */
static bool has_been_forgotten(const struct fxi_pipeline *pipeline, const struct evidence *evidence,
                               const struct fxi_slot *newest, const struct fxi_slot *older)
{
    if (!evidence->newest && newest->mark == FXI_MARK_DAMAGED)
        return true;
    if (!older || !older->is_accepted)
        return false;
    if (evidence->has_moved)
        return !evidence->moved;
    for (size_t i = 0; i < older->position_count && !evidence->newest; i++)
        for (size_t j = 0; j < pipeline->input_count; j++)
            if (pipeline->inputs[j].instance->plugin->recall &&
                strcmp(pipeline->inputs[j].instance->name, older->positions[i].input) == 0)
                return true;
    return false;
}

static void begin(struct fxi_pipeline *pipeline, enum fxi_recovery kind, const struct fxi_slot *truth, uint64_t newest)
{
    if (pipeline->store)
        fxi_state_choose(pipeline->store, truth);
    fxi_failpoint("chosen");
    pipeline->number = newest; /* a number is never used twice */
    pipeline->committed_number = truth ? truth->number : 0;
    if (truth)
        fxi_recovery_know_streams(pipeline, truth);
    fxi_restore_outputs(pipeline, truth, kind);
    fxi_failpoint("restored");
    atomic_store(&pipeline->recovered, true);
}

/* Says what is wrong with slots that can't be read; true if one is damaged. */
static bool report_faults(const struct fxi_pipeline *pipeline)
{
    bool any = false;
    for (unsigned i = 0; i < 2; i++) {
        const char *fault = fxi_state_fault(pipeline->store, i);
        bool is_unfinished = fxi_state_slot(pipeline->store, i)->is_unfinished;
        if (!*fault)
            continue;
        any = any || !is_unfinished;
        fx_log(NULL, is_unfinished ? FX_LOG_INFO : FX_LOG_ERROR, "A checkpoint in the state directory can't be used.",
               "file=checkpoint-%u reason=%s", i, fault);
    }
    return any;
}

static const struct fxi_slot *find_newest(const struct fxi_pipeline *pipeline, const struct fxi_slot **older)
{
    const struct fxi_slot *a = fxi_state_slot(pipeline->store, 0), *b = fxi_state_slot(pipeline->store, 1);
    bool is_first = a->is_valid && (!b->is_valid || a->number > b->number);
    const struct fxi_slot *newest = is_first ? a : b, *other = is_first ? b : a;
    *older = other->is_valid ? other : NULL;
    return newest->is_valid ? newest : NULL;
}

static uint64_t last_number(const struct fxi_pipeline *pipeline, const struct evidence *evidence)
{
    uint64_t last = evidence->newest;
    for (unsigned i = 0; i < 2; i++) {
        const struct fxi_slot *slot = fxi_state_slot(pipeline->store, i);
        last = slot->number > last ? slot->number : last;
        last = slot->mark_number > last ? slot->mark_number : last;
    }
    return last;
}

static void decide(struct fxi_pipeline *pipeline, const struct fxi_slot *newest, const struct fxi_slot *older,
                   const struct evidence *evidence, bool asked, enum damage damage)
{
    uint64_t last = last_number(pipeline, evidence);
    bool is_proved = evidence->has_wanted && evidence->newest == newest->number;
    bool accepted =
        evidence->has_wanted || newest->is_accepted || !asked || has_been_forgotten(pipeline, evidence, newest, older);
    const struct fxi_slot *truth = accepted ? newest : older;
    if (damage == DAMAGE_YES || (damage == DAMAGE_PERHAPS && !is_proved)) {
        begin(pipeline, FXI_RECOVERY_DAMAGED, NULL, last);
    } else if (evidence->newest > newest->number || evidence->undurable > (truth ? truth->number : 0)) {
        begin(pipeline, FXI_RECOVERY_STALE, NULL, last);
    } else {
        const struct fxi_slot *other = fxi_state_slot(pipeline->store, 1 - newest->index);
        bool is_damaged = *fxi_state_fault(pipeline->store, other->index) && !other->is_unfinished;
        enum fxi_recovery otherwise = older        ? FXI_RECOVERY_OLDER
                                      : is_damaged ? FXI_RECOVERY_DAMAGED
                                                   : FXI_RECOVERY_NONE;
        begin(pipeline, accepted ? FXI_RECOVERY_NEWEST : otherwise, truth, last);
        pipeline->doubtful = accepted ? NULL : newest;
    }
}

int fxi_recover(struct fxi_pipeline *pipeline, int timeout_ms, bool may_trust_mark, struct fx_error *err)
{
    if (!pipeline->store) {
        begin(pipeline, FXI_RECOVERY_NONE, NULL, 0);
        return 0;
    }
    const struct fxi_slot *older, *newest = find_newest(pipeline, &older);
    struct evidence evidence = {.identity = pipeline->identity, .wanted = newest ? newest->number : 0};
    if (!newest) {
        bool is_damaged = report_faults(pipeline);
        begin(pipeline, is_damaged ? FXI_RECOVERY_DAMAGED : FXI_RECOVERY_NONE, NULL, last_number(pipeline, &evidence));
        return 0;
    }
    bool asked = false;
    enum damage damage = judge_damage(pipeline, newest);
    int rc = ask_inputs(pipeline, &evidence, &asked, timeout_ms, err);
    if (rc && !(newest->is_accepted && damage == DAMAGE_NO && may_trust_mark))
        return rc;
    report_faults(pipeline);
    fxi_failpoint("recalled");
    decide(pipeline, newest, older, &evidence, asked, damage);
    return 0;
}

bool fxi_recovery_is_foreign(const struct fxi_pipeline *pipeline, const char *tags, size_t size)
{
    const char *at = tags;
    struct fxi_tag last;
    if (!tags || !fxi_tag_next(&at, tags + size, &last))
        return true;
    /* Ours: the stream was left where the offset says, unless that tag is of a commit whose answer is awaited. */
    return strcmp(last.identity, pipeline->identity) == 0 && last.number <= pipeline->committed_number;
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
    else
        fxi_state_drop(pipeline->store, doubtful);
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
