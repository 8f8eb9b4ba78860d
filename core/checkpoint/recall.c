/* What the tags beside the committed positions show: which checkpoints of this instance were accepted. Under run. */
#include <stdlib.h>
#include <string.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/alloc.h"

/* The struct behind the public one. */
struct recall {
    struct fx_recall public; /* first, so that the public pointer is also ours */
    struct fxi_evidence *evidence;
};

void fxi_evidence_add(struct fxi_evidence *evidence, const char *tags, size_t size)
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
    fxi_evidence_add(((const struct recall *)recall)->evidence, tags, size);
}

static int by_stream(const void *one, const void *other)
{
    const struct fxi_slot_position *a = *(const struct fxi_slot_position *const *)one;
    const struct fxi_slot_position *b = *(const struct fxi_slot_position *const *)other;
    int order = strcmp(a->stream, b->stream);
    if (order == 0)
        order = (a->partition > b->partition) - (a->partition < b->partition);
    return order ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

static bool is_same_stream(const struct fxi_slot_position *a, const struct fxi_slot_position *b)
{
    return a->partition == b->partition && strcmp(a->stream, b->stream) == 0;
}

/* The input's positions in both slots, side by side where both slots have the stream. */
static size_t sort_positions(const struct fxi_checkpoints *checkpoints, const struct fxi_source *source,
                             const struct fxi_slot_position ***sorted)
{
    size_t count = 0;
    for (unsigned s = 0; s < 2; s++)
        count += fxi_state_slot(checkpoints->store, s)->position_count;
    *sorted = fxi_calloc(count + 1, sizeof **sorted);
    count = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct fxi_slot *slot = fxi_state_slot(checkpoints->store, s);
        for (size_t i = 0; i < slot->position_count; i++)
            if (strcmp(slot->positions[i].input, source->instance->name) == 0)
                (*sorted)[count++] = &slot->positions[i];
    }
    qsort(*sorted, count, sizeof **sorted, by_stream);
    return count;
}

/*
 * Lists the input's streams in both slots once each: those that moved between the slots, or the others. A stream has
 * moved if both slots have it at different places. Then the newer slot's commit must have changed it.
 */
static size_t list_streams(const struct fxi_checkpoints *checkpoints, const struct fxi_source *source, bool moved,
                           struct fx_position **positions)
{
    const struct fxi_slot_position **sorted;
    size_t all = sort_positions(checkpoints, source, &sorted), count = 0;
    *positions = fxi_realloc(*positions, all + 1, sizeof **positions);
    for (size_t i = 0, next; i < all; i = next) {
        for (next = i + 1; next < all && is_same_stream(sorted[i], sorted[next]);)
            next++;
        if ((sorted[next - 1]->offset != sorted[i]->offset) == moved)
            (*positions)[count++] = (struct fx_position){
                .stream = sorted[i]->stream, .partition = sorted[i]->partition, .offset = sorted[i]->offset};
    }
    free(sorted);
    return count;
}

static int call_recall(const struct fx_instance *instance, const struct fx_position *positions, size_t count,
                       struct fxi_evidence *evidence, int timeout_ms, struct fx_error *err)
{
    struct recall recall = {{positions, count}, evidence};
    struct fx_error why = FX_ERROR_INIT;
    struct fxi_call before = fxi_call_begin(instance, "recall", 0);
    enum fx_verdict verdict = instance->plugin->recall(instance->self, &recall.public, timeout_ms, &why);
    fxi_call_end(before);
    return verdict == FX_OK ? 0
                            : fx_error_set(err, FX_ETIMEOUT, "%s can't tell yet what was committed: %s", instance->name,
                                           why.message);
}

static int ask_source(struct fxi_checkpoints *checkpoints, const struct fxi_source *source, bool moved,
                      struct fxi_evidence *evidence, bool *asked, int timeout_ms, struct fx_error *err)
{
    const struct fx_instance *instance = source->instance;
    struct fx_position *positions = NULL;
    size_t count = instance->plugin->recall ? list_streams(checkpoints, source, moved, &positions) : 0;
    int rc = 0;
    if (count) {
        *asked = true;
        evidence->has_moved = evidence->has_moved || moved;
        rc = call_recall(instance, positions, count, evidence, timeout_ms, err);
    }
    free(positions);
    return rc;
}

/* Streams that moved are asked about first, separately. */
int fxi_recall(struct fxi_checkpoints *checkpoints, struct fxi_evidence *evidence, bool *asked, int timeout_ms,
               struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < checkpoints->source_count && !rc; i++)
        rc = ask_source(checkpoints, checkpoints->sources[i], true, evidence, asked, timeout_ms, err);
    evidence->moved = evidence->newest;
    for (size_t i = 0; i < checkpoints->source_count && !rc; i++)
        rc = ask_source(checkpoints, checkpoints->sources[i], false, evidence, asked, timeout_ms, err);
    return rc;
}

bool fxi_checkpoints_have_streams(const struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->source_count; i++)
        for (const struct fx_stream *stream = checkpoints->sources[i]->streams; stream; stream = stream->next)
            if (stream->live)
                return true;
    return false;
}

/* A position does not name its input, so every input is asked about all of them. */
enum fx_verdict fxi_checkpoints_accepted(const struct fxi_checkpoints *checkpoints, const struct fx_checkpoint *asked,
                                         int timeout_ms, struct fx_error *err)
{
    struct fxi_evidence evidence = {.identity = asked->identity, .wanted = asked->number};
    bool can_tell = false, is_known = true;
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        const struct fx_instance *instance = checkpoints->sources[i]->instance;
        if (!instance->plugin->recall)
            continue;
        can_tell = true;
        if (asked->position_count &&
            call_recall(instance, asked->positions, asked->position_count, &evidence, timeout_ms, err))
            is_known = false;
    }
    if (evidence.newest >= asked->number || !can_tell)
        return FX_OK;
    if (is_known && fxi_checkpoints_have_streams(checkpoints))
        return FX_DROP;
    if (is_known)
        fx_error_set(err, FX_ETIMEOUT, "a commit of an earlier process may still arrive: no streams are assigned yet");
    return FX_RETRY;
}
