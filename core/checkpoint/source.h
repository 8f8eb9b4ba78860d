/*
 * An input as checkpoints see it: its streams with their positions, and which workers are inside its poll. Streams
 * change only while no worker of the input except the caller is inside poll (fx_feed_quiesce). So workers read them
 * freely.
 */
#ifndef FXI_CHECKPOINT_SOURCE_H
#define FXI_CHECKPOINT_SOURCE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <flow-exporter/checkpoint.h>

struct fxi_source;

/*
 * Changed only under run while the input is quiesced, except for position: the worker writes it inside its gate.
 * Streams that are not live are kept. Their base_position tells where this instance left them, and every checkpoint has
 * it. So a page that is requested during a start can't make a truth without them.
 */
struct fx_stream {
    struct fxi_source *source;
    char *name;
    int32_t partition;
    bool live;
    bool committed;        /* base_position was committed; otherwise the stream only began there */
    bool is_cut;           /* part of the present checkpoint; a stream that began later is not */
    bool is_kept;          /* part of an accepted checkpoint, of this run or an earlier one */
    bool is_moved;         /* it was found at another offset than this instance has kept: others went on with it */
    int64_t position;      /* the next offset to count */
    int64_t cut_position;  /* in the present checkpoint */
    int64_t base_position; /* in the last committed checkpoint; a rollback goes there */
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
    unsigned active;               /* workers inside poll; guarded by lock */
    bool quiesced;                 /* workers are kept out; guarded by lock */
    bool quiesced_before;          /* during a rollback; guarded by run, as everything below */
    struct fx_position *positions; /* of the present checkpoint or of a rollback */
    size_t position_count, position_capacity;
    bool settled; /* its commit of the present checkpoint is done */
};

void fxi_source_init(struct fxi_source *source, struct fx_instance *instance);
void fxi_source_fini(struct fxi_source *source);

/* enter, leave: a worker goes into poll and comes out. False: it was kept out until the stop. */
bool fxi_source_enter(struct fxi_source *source, const _Atomic bool *stopping);
void fxi_source_leave(struct fxi_source *source);
/* Keep all workers out, and let them in; with_me: the caller is inside poll again at once. */
void fxi_source_keep_out(struct fxi_source *source);
void fxi_source_let_in(struct fxi_source *source);
void fxi_source_let_in_with_me(struct fxi_source *source);
void fxi_source_wake(struct fxi_source *source); /* tells workers that are kept out that the program stops */

/* find: gives the stream of this name, or NULL. stream: makes it if need be; a new one is not live. */
struct fx_stream *fxi_source_find(const struct fxi_source *source, const char *name, int32_t partition);
struct fx_stream *fxi_source_stream(struct fxi_source *source, const char *name, int32_t partition);
/* Gives the stream if it is known where this instance left it, else NULL. */
const struct fx_stream *fxi_source_find_kept(const struct fxi_source *source, const char *name, int32_t partition);
/* begin: counting in this stream, old or new, begins at this position. place: sets its position, live or not. */
void fxi_stream_begin(struct fx_stream *stream, int64_t position);
void fxi_stream_place(struct fx_stream *stream, int64_t position);
void fxi_stream_end(struct fx_stream *stream);

/* Fill source->positions from the live streams: with the cut's positions, or with those committed last. */
void fxi_source_list_cut(struct fxi_source *source);
void fxi_source_list_base(struct fxi_source *source);

#endif
