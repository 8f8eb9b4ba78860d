/*
 * Checkpoints: commit, then expose.
 *
 *   1. cut       All workers stop between payloads. Outputs copy their values. (output: cut)
 *   2. prepare   Outputs store the copy under the checkpoint's number.         (output: prepare)
 *   3. commit    Inputs commit the positions of the cut.                       (input: commit)
 *   4. expose    Outputs may now show the values of the cut, and not earlier.  (output: committed)
 *
 * If an output does not store the copy, the cut is void: steps 3 and 4 do not happen, and another cut follows.
 *
 * If a commit is refused for good, rolled_back is called instead of committed. Outputs then return to the values of
 * the last committed cut, and inputs to its positions.
 *
 * At the start, before anything is read, inputs report the tags that they find beside their committed positions
 * (input: recall). From these the core learns which checkpoint was accepted last. Outputs then take the values of that
 * checkpoint (output: restore).
 */
#ifndef FLOW_EXPORTER_CHECKPOINT_H
#define FLOW_EXPORTER_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;
struct fx_state;

/* The position of one stream of one input in a cut. */
struct fx_position {
    const char *stream;
    int32_t partition;
    int64_t offset; /* of the next payload to read */
};

/*
 * An input is given its own positions. An output is given those of all inputs: in prepare those of the cut, in restore
 * all that were kept, also of streams that no input has now. Valid during the call.
 */
struct fx_checkpoint {
    uint64_t number; /* grows from checkpoint to checkpoint; 0: there is no checkpoint */
    /*
     * Whose checkpoints these are: the identity of the state directory. Without a directory it is made anew at each
     * start. A pair (identity, number) is committed at most once.
     */
    const char *identity;
    /*
     * "IDENTITY:NUMBER", to be stored beside the positions: see fx_tags_add. "IDENTITY-:NUMBER" if the checkpoint is not
     * kept in a state directory. Empty in restore with number 0, and in rewind.
     */
    const char *tag;
    int durable; /* 1: the checkpoint is kept in a state directory; in prepare: it is going to be */
    const struct fx_position *positions;
    size_t position_count;
    struct fx_state *state; /* in prepare and restore, for the functions of state.h; NULL: no state is kept */
    int rewrite_log;        /* in prepare: the output must write its whole log again */
};

/*
 * Makes the text that an input stores beside a position. The text lists the tags of all instances that counted up to
 * the position, newest first, separated by spaces. old is the text that was found there when the stream began: it may
 * be anything, and NULL means that nothing was found. buffer receives tag, followed by the tags of other instances
 * from old. It holds at most FX_TAGS_MAX tags in all.
 */
#define FX_TAGS_MAX   32
#define FX_TAGS_BYTES 1400
FX_API void fx_tags_add(char buffer[FX_TAGS_BYTES], const char *tag, const char *old, size_t old_size);
/* Says whether tag is one of the tags in the text. */
FX_API int fx_tags_have(const char *tags, size_t size, const char *tag);

/* Given to recall: the streams whose tags the core needs. */
struct fx_recall {
    const struct fx_position *positions; /* the input's streams in every checkpoint that may have been accepted */
    size_t position_count;
};
/* Reports the text that is stored beside the position of one stream. Call it once for each stream, in recall only. */
FX_API void fx_recall_found(const struct fx_recall *recall, const char *tags, size_t size);

/*
 * Asks for a checkpoint. An output calls it when somebody wants to see its values. Never blocks; any thread.
 * FX_OK: a checkpoint is on its way, and committed() or rolled_back() will be called.
 * FX_AGAIN: the last checkpoint is younger than the configured minimum, so the output should show that one.
 */
FX_API enum fx_verdict fx_checkpoint_request(struct fx_instance *instance);

/*
 * For an output with a store of its own: asks whether a checkpoint that is stored there was accepted. This process need
 * not know the checkpoint: another process made it, and its state directory may be lost. asked has the identity, number
 * and positions that prepare had, which the output has stored beside its data. The inputs look for the tag beside these
 * positions. Call it in restore and prepare only. Each input may take timeout_ms.
 *
 *   FX_OK     Yes, or a later one of the same identity was, which has all that this one had. Inputs that store no tags
 *             can't tell; if there are no others, the answer is yes, since they do not read anything again.
 *   FX_DROP   No, and it never will be: its records are read again.
 *   FX_RETRY  Not known yet; err has the reason. While this process has no streams, a commit of the earlier process may
 *             still arrive. So in restore the answer is never FX_DROP: ask again in prepare.
 *   FX_FATAL  The question is wrong: the call is not inside restore or prepare, or identity or number are missing.
 */
FX_API enum fx_verdict fx_checkpoint_accepted(struct fx_instance *instance, const struct fx_checkpoint *asked,
                                              int timeout_ms, struct fx_error *err);

FX_C_END

#endif
