/*
 * The structs that the pipeline's files share; nobody outside this folder.
 *
 * Locks, in the order in which they may be taken:
 *   pipeline.run      one at a time: a checkpoint, a rollback, a change of streams
 *   input.lock        which workers are inside poll; held for moments
 *   feed.gate         a worker holds it from its first payload of a poll until the batch is written:
 *                     who holds all gates sees every worker between payloads
 *   readiness.lock    held for moments
 *   pipeline.wake     wakes the checkpoint thread; held for moments
 */
#ifndef FXI_PIPELINE_STATE_H
#define FXI_PIPELINE_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "decode/vflow.h"
#include "pipeline/batch.h"
#include "pipeline/core_metrics.h"
#include "pipeline/mapping.h"
#include "pipeline/markers.h"
#include "pipeline/pipeline.h"
#include "pipeline/ready.h"
#include "pipeline/schema.h"
#include "plugin/instance.h"
#include "state/state.h"
#include "util/thread.h"

/*
 * Changed only under pipeline.run while the input is quiesced, but for position: its worker's, inside the gate.
 * Streams that are not live are kept: with base_position they say where this instance left them, and every
 * checkpoint has that, so that no page that is asked for during a start makes a truth without it.
 */
struct fx_stream {
    struct fxi_input *input;
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
};

struct fxi_input {
    struct fx_instance *instance;
    struct fxi_metric_set *metrics; /* FXI_INPUT_... */
    struct fxi_mapping mapping;     /* where its records have the fields of the schema */
    struct fx_stream *streams;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    unsigned active;               /* workers inside poll; under lock */
    bool quiesced;                 /* workers are kept out; under lock */
    bool quiesced_before;          /* during a rollback; under run */
    struct fx_position *positions; /* of the checkpoint under way, or of a rollback; under run */
    size_t position_count, position_capacity;
    bool settled; /* its commit of the checkpoint under way is done; under run */
    struct fx_log_limit malformed_limit, letter_limit, lost_limit;
    struct fxi_markers *markers;   /* watch_markers */
    struct fxi_letters *letters;   /* on_malformed: dead-letter, and they go to a file */
    int64_t letters_fail_since_ms; /* 0: they don't; under run */
};

/* How many lines were counted of a payload. */
struct fxi_line_count {
    const char *payload;
    int64_t offset;
    const char *to;
    int64_t lines;
    int64_t bytes_before; /* of the line that the payload begins in, in parts before it */
};

/* Counted by the worker without atomics, added to the metrics once a poll. */
struct fxi_feed_counts {
    int64_t payloads, bytes, records;
    int64_t malformed[FXI_MALFORMED_COUNT];
    int64_t ignored[FXI_IGNORED_COUNT];
};

/* A worker: its thread, its batch, and the feed that its input's poll gets. */
struct fx_feed {
    struct fxi_pipeline *pipeline;
    struct fxi_input *input;
    unsigned index, input_index; /* among all workers, among its input's */
    struct fxi_thread thread;
    struct fxi_decoder *decoder; /* or vflow */
    struct fxi_vflow *vflow;
    bool plain; /* the decoder is all that the input's records need */
    struct fxi_batch batch;
    pthread_mutex_t gate;
    bool gate_held;
    int64_t gate_ns; /* since when */
    int64_t held_ns; /* for how long during this poll: decoding, resolvers and outputs */
    unsigned quiesce_depth;
    int64_t stage_ns; /* spent in resolvers and outputs during this poll */
    struct fxi_feed_counts counts;
    struct fxi_line_count lines;
    struct fxi_writer_counts *writers; /* watch_markers, else NULL */
};

/* A resolver or output. */
struct fxi_stage {
    struct fx_instance *instance;
    struct fxi_metric_set *metrics; /* FXI_STAGE_... */
    struct fx_log_limit limit;
};

struct fxi_pipeline {
    const struct fxi_config *config;
    struct fxi_schema schema;
    int event_type_field; /* claimed by the core: producers' markers are no records */
    struct fxi_metrics *metrics;
    struct fxi_metric_set *program_metrics; /* FXI_PROGRAM_... */
    struct fxi_metric_set *process_metrics;
    struct fxi_metric_set *call_metrics; /* FXI_CALL_..., of the core's own work */

    struct fxi_readiness readiness;

    struct fx_instance **instances; /* in the order of the configuration */
    size_t instance_count;
    struct fxi_input *inputs;
    size_t input_count;
    struct fxi_stage *resolvers, *outputs;
    size_t resolver_count, output_count;
    struct fx_feed *feeds;
    unsigned feed_count;

    _Atomic bool stopping;    /* workers end, waits are short */
    _Atomic bool failed;      /* a fatal fault: exit status 70 */
    _Atomic bool left_behind; /* a plugin has a thread that can't be ended: nothing is freed any more */
    _Atomic bool is_dirty;    /* something was counted since the last cut */
    _Atomic bool is_owed;     /* a cut was begun, and neither committed nor given back yet */
    _Atomic bool abandoned;   /* a batch was cut off by the stop: no last checkpoint */
    _Atomic unsigned running; /* workers whose input has not ended */
    int end_fd;               /* an eventfd */

    pthread_mutex_t run;
    uint64_t number;           /* of the checkpoint under way or the last one; under run */
    uint64_t committed_number; /* under run */
    bool unsettled;            /* checkpoint `number` was cut, but its commit has no answer yet; under run */
    int64_t asked_ns;          /* when its commit was first asked for; under run */
    bool is_void;              /* what was counted since the cut is given back once it is settled; under run */
    bool durable;              /* it is in the state directory, too; under run */
    char identity[FXI_IDENTITY_SIZE + 1]; /* in tags: the state directory's, or of this process alone */

    struct fxi_state *store;       /* the state directory; NULL: there is none; under run */
    struct fx_position *positions; /* of all inputs, in the checkpoint under way; under run */
    struct fxi_slot_position *slot_positions;
    int64_t store_retry_ms; /* when a lost directory is tried next; under run */
    /* Prepared, but as far as is known not accepted: an answer that comes late can still say so. NULL: none. Under run. */
    const struct fxi_slot *doubtful;
    struct fx_log_limit commit_limit, store_limit;
    _Atomic int64_t committed_ms; /* when the last checkpoint was accepted; 0: none was */
    _Atomic bool recovered;       /* outputs have their values, and inputs may be read */

    pthread_mutex_t wake;
    pthread_cond_t woken;
    bool requested;                      /* under wake */
    bool waiting_for_answer;             /* a copy of unsettled; under wake */
    bool thread_stops;                   /* under wake */
    int64_t last_cut_ms;                 /* under wake */
    struct fxi_thread checkpoint_thread; /* recovers first */
};

/* feed.c: ends the poll's batch, and lets the gate go. */
void fxi_feed_flush(struct fx_feed *feed);
void fxi_feed_release(struct fx_feed *feed);
void fxi_feed_publish(struct fx_feed *feed);
/* The decoder that sees the whole of a payload. */
struct fxi_decoder *fxi_feed_decoder(const struct fx_feed *feed);

/* stage.c: gives the batch to resolvers and outputs and empties it. */
void fxi_stages_run(struct fx_feed *feed);

/* input.c: a worker goes into poll and comes out; all workers of an input are kept out and let in. */
bool fxi_input_enter(struct fxi_input *input, const _Atomic bool *stopping); /* false: kept out until the stop */
void fxi_input_leave(struct fxi_input *input);
void fxi_input_keep_out(struct fxi_input *input);
void fxi_input_let_in(struct fxi_input *input);
void fxi_input_wake(struct fxi_input *input); /* those that are kept out see that the program stops */
/* The stream of that name, made unless it is there; not live when it is new. */
struct fx_stream *fxi_input_stream(struct fxi_input *input, const char *name, int32_t partition);
/* Fills input->positions from the live streams: what they are, or what was committed last. */
void fxi_input_list_positions(struct fxi_input *input, bool base);

/* worker.c */
int fxi_workers_start(struct fxi_pipeline *pipeline, struct fx_error *err);
/* False: one is still at work then. */
bool fxi_workers_join(struct fxi_pipeline *pipeline, int64_t end_ms);

/* durable.c; under run. The state directory is opened (at the start); the cut is made durable, as far as it can be:
 * a negative code when the program shall stop instead of going on without. */
int fxi_durable_open(struct fxi_pipeline *pipeline, struct fx_error *err);
int fxi_durable_prepare(struct fxi_pipeline *pipeline, struct fx_error *err);
void fxi_durable_close(struct fxi_pipeline *pipeline);
/* Without opening the directory: gives instances the folders that they have in it. */
void fxi_durable_look(struct fxi_pipeline *pipeline);

/* recovery.c. Under run: which checkpoint is the truth; outputs get its values. FX_ETIMEOUT: inputs don't know yet. */
int fxi_recover(struct fxi_pipeline *pipeline, int timeout_ms, bool may_trust_mark, struct fx_error *err);
/* Under run, before a cut: a checkpoint that is in doubt gets its answer, for its slot would be written over. */
int fxi_recovery_resolve(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err);
/* Under run, while the caller's input is quiesced: tags that are found later may still decide (fx_feed_found_tags). */
void fxi_recovery_look(struct fxi_pipeline *pipeline, const char *tags, size_t size);
/* Whether tags show that what they stand beside was not left there by the last one of us who committed. Under run. */
bool fxi_recovery_is_foreign(const struct fxi_pipeline *pipeline, const char *tags, size_t size);
/* Streams of the slot are known, and those that are not live are where it left them. Under run, all kept out. */
void fxi_recovery_know_streams(struct fxi_pipeline *pipeline, const struct fxi_slot *slot);

/* checkpoint.c; all under run. 0, or negative with err: FX_ETIMEOUT: no answer yet; FX_EIO: refused, rolled back. */
int fxi_checkpoint_take(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err);
/* What was counted since the last commit is given back: now, or when a commit under way has its answer. */
void fxi_checkpoint_void(struct fxi_pipeline *pipeline, int timeout_ms);
void fxi_checkpoint_describe(const struct fxi_pipeline *pipeline, char tag[FXI_TAG_BYTES],
                             struct fx_checkpoint *checkpoint);
/* rollback.c; under run. The caller's own worker, if it is one, is parked. */
void fxi_rollback(struct fxi_pipeline *pipeline);
/* What was prepared as this slot was accepted after all: everything goes on from there. */
void fxi_adopt(struct fxi_pipeline *pipeline, const struct fxi_slot *slot);

/* checkpoint_thread.c */
int fxi_checkpoint_thread_start(struct fxi_pipeline *pipeline, struct fx_error *err);
bool fxi_checkpoint_thread_stop(struct fxi_pipeline *pipeline, int64_t end_ms); /* false: it is still at work then */
/* overdue.c: how long calls have not returned, as metrics. */
void fxi_calls_note(struct fxi_pipeline *pipeline);

void fxi_checkpoint_wanted(struct fxi_pipeline *pipeline);
void fxi_checkpoint_note(struct fxi_pipeline *pipeline, bool cut_taken);

/* ready.c: shows the readiness as it is now. */
void fxi_ready_note(struct fxi_pipeline *pipeline);

/* pipeline.c: ends the program with exit status 70. Any thread. */
void fxi_pipeline_fail(struct fxi_pipeline *pipeline);
void fxi_pipeline_signal_end(struct fxi_pipeline *pipeline);

#endif
