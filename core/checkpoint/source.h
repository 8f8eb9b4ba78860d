/*
 * An input as checkpoints see it: its streams with their positions, and which workers are inside its poll. Streams change
 * only while no worker of the input is inside poll but the caller (fx_feed_quiesce), so workers read them freely.
 */
#ifndef FXI_CHECKPOINT_SOURCE_H
#define FXI_CHECKPOINT_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <flow-exporter/checkpoint.h>

struct fxi_source;

/*
 * Changed only under the checkpoints' lock while the input is quiesced, but for position: its worker's, inside the gate.
 * Streams that are not live are kept: with base_position they say where this instance left them, and every
 * checkpoint has that, so that no page that is asked for during a start makes a truth without it.
 */
struct fx_stream {
    struct fxi_source *source;
    char *name;
    int32_t partition;
    bool live;
    bool committed;        /* base_position was committed, not just begun at */
    bool is_cut;           /* it is a part of the checkpoint that is under way: one that began later is not */
    bool is_kept;          /* it was a part of an accepted checkpoint, in this run or before it */
    int64_t position;      /* the next offset to count */
    int64_t cut_position;  /* in the checkpoint that is under way */
    int64_t base_position; /* in the last committed one: where a rollback goes */
    struct fx_stream *next;
    uint32_t hash;
    struct fx_stream *same; /* in the same bucket */
};

struct fxi_source {
    struct fx_instance *instance;
    struct fx_stream *streams;
    struct fx_stream **buckets; /* the same by name */
    size_t bucket_count, stream_count;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned active;               /* workers inside poll; under lock */
    bool quiesced;                 /* workers are kept out; under lock */
    bool quiesced_before;          /* during a rollback; under the checkpoints' lock, as all that follows */
    struct fx_position *positions; /* of the checkpoint under way, or of a rollback */
    size_t position_count, position_capacity;
    bool settled; /* its commit of the checkpoint under way is done */
};

void fxi_source_init(struct fxi_source *source, struct fx_instance *instance);
void fxi_source_fini(struct fxi_source *source);

/* A worker goes into poll and comes out. False: it was kept out until the stop. */
bool fxi_source_enter(struct fxi_source *source, const _Atomic bool *stopping);
void fxi_source_leave(struct fxi_source *source);
/* All workers are kept out, and let in; with the caller among them, who is inside poll again at once. */
void fxi_source_keep_out(struct fxi_source *source);
void fxi_source_let_in(struct fxi_source *source);
void fxi_source_let_in_with_me(struct fxi_source *source);
void fxi_source_wake(struct fxi_source *source); /* those that are kept out see that the program stops */

/* The stream of that name, or NULL; or made unless it is there, and not live when it is new. */
struct fx_stream *fxi_source_find(const struct fxi_source *source, const char *name, int32_t partition);
struct fx_stream *fxi_source_stream(struct fxi_source *source, const char *name, int32_t partition);
/* The same if it is known where this instance left it, else NULL. */
const struct fx_stream *fxi_source_find_kept(const struct fxi_source *source, const char *name, int32_t partition);
/* The stream, old or new, is counted from this position on. place: the same of one that is live or not. */
void fxi_stream_begin(struct fx_stream *stream, int64_t position);
void fxi_stream_place(struct fx_stream *stream, int64_t position);
void fxi_stream_end(struct fx_stream *stream);

/* Fills source->positions from the live streams: what the cut has, or what was committed last. */
void fxi_source_list_cut(struct fxi_source *source);
void fxi_source_list_base(struct fxi_source *source);

#endif
