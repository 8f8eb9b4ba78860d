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
 */
#ifndef FLOW_EXPORTER_CHECKPOINT_H
#define FLOW_EXPORTER_CHECKPOINT_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>

#include <flow-exporter/visibility.h>

struct fx_instance;

/* The position of one stream of one input in a cut. */
struct fx_position {
    const char *stream;
    int32_t partition;
    int64_t offset; /* the next one to read */
};

/* Given to inputs with their own positions, to outputs with those of all inputs. Valid during the call. */
struct fx_checkpoint {
    uint64_t number; /* grows by one; 0: there is none */
    const char *tag; /* "instance:number", to store beside the positions */
    const struct fx_position *positions;
    size_t position_count;
};

/*
 * Asks for a checkpoint, from an output that was asked to show its values. Never blocks, any thread.
 * FX_OK: one is on its way; committed() or rolled_back() will be called.
 * FX_AGAIN: the last one is younger than the configured minimum: show that.
 */
FX_API enum fx_verdict fx_checkpoint_request(struct fx_instance *instance);

#endif
