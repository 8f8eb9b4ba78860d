/*
 * Checkpoints: commit, then expose.
 *
 *   1. cut       all workers stop between payloads; outputs copy their values  (output: cut)
 *   2. prepare   outputs make the copy durable under the checkpoint's number   (output: prepare)
 *   3. commit    inputs commit the positions of the cut                        (input: commit)
 *   4. expose    only now may an output show the values of the cut             (output: committed)
 *
 * A commit that is refused for good leads to rolled_back instead: outputs go
 * back to the values of the last committed cut, inputs to its positions.
 *
 * At the start, before anything is read: inputs tell which tags they find
 * beside their committed positions (input: recall). So the core knows which
 * checkpoint was accepted last, and outputs take its values (output: restore).
 */
#ifndef FLOW_EXPORTER_CHECKPOINT_H
#define FLOW_EXPORTER_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>

#include <flow-exporter/visibility.h>

struct fx_instance;
struct fx_state;

/* The position of one stream of one input in a cut. */
struct fx_position {
    const char *stream;
    int32_t partition;
    int64_t offset; /* the next one to read */
};

/* Given to inputs with their own positions, to outputs with those of all inputs. Valid during the call. */
struct fx_checkpoint {
    uint64_t number; /* grows; 0: there is none */
    const char *tag; /* "instance:number", to store beside the positions: see fx_tags_add */
    const struct fx_position *positions;
    size_t position_count;
    /* Since ABI 1.1. */
    struct fx_state *state; /* in prepare and restore: for <flow-exporter/state.h>; NULL: no state is kept */
    int rewrite_log;        /* in prepare: the log is begun anew */
};

/*
 * What an input stores beside a position: the tags of those who counted up to it, newest first, separated by
 * spaces. old is what was found there when the stream began (any text; NULL: nothing). buffer gets tag, then those of
 * old that are tags of others, at most FX_TAGS_MAX in all.
 */
#define FX_TAGS_MAX   32
#define FX_TAGS_BYTES 1400
FX_API void fx_tags_add(char buffer[FX_TAGS_BYTES], const char *tag, const char *old, size_t old_size);
/* Whether tag is among them. */
FX_API int fx_tags_have(const char *tags, size_t size, const char *tag);

/* In recall: what was found beside a position. */
struct fx_recall {
    const struct fx_position *positions; /* of the input's streams in the checkpoints that may count */
    size_t position_count;
};
/* Tells the text that is stored beside a stream's position. Once a stream, in recall only. */
FX_API void fx_recall_found(const struct fx_recall *recall, const char *tags, size_t size);

/*
 * Asks for a checkpoint, from an output that was asked to show its values. Never blocks, any thread.
 * FX_OK: one is on its way; committed() or rolled_back() will be called.
 * FX_AGAIN: the last one is younger than the configured minimum: show that.
 */
FX_API enum fx_verdict fx_checkpoint_request(struct fx_instance *instance);

#endif
