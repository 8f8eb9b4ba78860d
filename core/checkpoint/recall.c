/*
 * What the inputs' sources say by the tags beside the committed positions: which checkpoints of this instance were
 * accepted. Under run.
 */
#include <stdlib.h>
#include <string.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/alloc.h"

/* Behind the public struct. */
struct recall {
    struct fx_recall public; /* first */
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

static bool has(const struct fx_position *positions, size_t count, const struct fxi_slot_position *position)
{
    for (size_t i = 0; i < count; i++)
        if (positions[i].partition == position->partition && strcmp(positions[i].stream, position->stream) == 0)
            return true;
    return false;
}

/* Both slots have the stream, at different places: the newer one's commit has to have touched it. */
static bool has_moved(const struct fxi_checkpoints *checkpoints, const struct fxi_slot_position *position)
{
    unsigned places = 0;
    int64_t first = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct fxi_slot *slot = fxi_state_slot(checkpoints->store, s);
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
static size_t list_streams(const struct fxi_checkpoints *checkpoints, const struct fxi_source *source, bool moved,
                           struct fx_position **positions)
{
    size_t count = 0;
    for (unsigned s = 0; s < 2; s++) {
        const struct fxi_slot *slot = fxi_state_slot(checkpoints->store, s);
        *positions = fxi_realloc(*positions, count + slot->position_count + 1, sizeof **positions);
        for (size_t i = 0; i < slot->position_count; i++) {
            const struct fxi_slot_position *from = &slot->positions[i];
            if (strcmp(from->input, source->instance->name) != 0 || has(*positions, count, from) ||
                has_moved(checkpoints, from) != moved)
                continue;
            (*positions)[count++] =
                (struct fx_position){.stream = from->stream, .partition = from->partition, .offset = from->offset};
        }
    }
    return count;
}

static int ask_source(struct fxi_checkpoints *checkpoints, const struct fxi_source *source, bool moved,
                      struct fxi_evidence *evidence, bool *asked, int timeout_ms, struct fx_error *err)
{
    struct fx_instance *instance = source->instance;
    struct fx_position *positions = NULL;
    size_t count = instance->plugin->recall ? list_streams(checkpoints, source, moved, &positions) : 0;
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

/* Streams that have moved are asked about first, apart. */
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
