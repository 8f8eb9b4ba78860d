/*
 * How the pipeline's parts are wired: the structs that its files share; nobody outside this folder.
 *
 * The order of locks is written in checkpoint/checkpoints.h; instance.serial (plugin/calls.h) and then readiness.lock
 * come after all of them.
 */
#ifndef FXI_PIPELINE_WIRING_H
#define FXI_PIPELINE_WIRING_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "checkpoint/checkpoints.h"
#include "decode/vflow.h"
#include "pipeline/absent.h"
#include "pipeline/batch.h"
#include "pipeline/core_metrics.h"
#include "pipeline/mapping.h"
#include "pipeline/markers.h"
#include "pipeline/pipeline.h"
#include "pipeline/readiness.h"
#include "pipeline/schema.h"
#include "plugin/instance.h"
#include "util/end.h"
#include "util/thread.h"

struct fxi_input {
    struct fx_instance *instance;
    struct fxi_metric_set *metrics; /* FXI_INPUT_... */
    struct fxi_mapping mapping;     /* the places of the schema's fields in its records */
    struct fxi_source source;       /* the part that checkpoints see: streams, and workers inside poll */
    struct fx_log_limit malformed_limit, letter_limit, lost_limit;
    struct fxi_markers *markers;   /* with the option watch_markers */
    struct fxi_letters *letters;   /* with on_malformed: dead-letter, if the letters go to a file */
    int64_t letters_fail_since_ms; /* 0: they do not fail; guarded by run */
    struct fxi_absent *absent;     /* NULL: claimed fields are not watched */
};

/* How far the lines of a payload have been counted. */
struct fxi_line_count {
    const char *payload;
    int64_t offset;
    const char *to;
    int64_t lines;
    int64_t bytes_before; /* bytes of the payload's first line that earlier pieces had */
};

/* The worker counts here without atomics, and adds the counts to the metrics once each poll. */
struct fxi_feed_counts {
    int64_t payloads, bytes, records;
    int64_t malformed[FXI_MALFORMED_COUNT];
    int64_t ignored[FXI_IGNORED_COUNT];
};

/* A worker: its thread, its batch, and the feed for its input's poll. */
struct fx_feed {
    struct fxi_pipeline *pipeline;
    struct fxi_input *input;
    unsigned index, input_index; /* among all workers, and among its input's */
    struct fxi_thread thread;
    struct fxi_decoder *decoder; /* this or vflow */
    struct fxi_vflow *vflow;
    bool whole;       /* the text of records or payloads is claimed (record_field, payload_field) */
    bool is_draining; /* after the last poll, at the stop */
    bool plain;       /* the input's records need only the decoder */
    struct fxi_batch batch;
    pthread_mutex_t gate;
    bool gate_held;
    int64_t gate_ns;       /* when the gate was taken */
    int64_t noted_records; /* the part of counts.records that the checkpoints know */
    int64_t held_ns;       /* how long the gate was held in this poll: decoding, resolvers and outputs */
    unsigned quiesce_depth;
    int64_t stage_ns; /* how long resolvers and outputs took in this poll */
    struct fxi_feed_counts counts;
    struct fxi_line_count lines;
    struct fxi_absent_view absent;
    struct fxi_writer_counts *writers; /* with the option watch_markers, else NULL */
};

/* A resolver or output. */
struct fxi_stage {
    struct fx_instance *instance;
    struct fxi_metric_set *metrics;        /* FXI_STAGE_... */
    struct fxi_metric_set *filter_metrics; /* FXI_FILTER_..., of a resolver */
    struct fxi_copy *copies;               /* made after the resolver; owned */
    size_t copy_count;
    _Atomic unsigned waiting; /* workers whose batch the output does not take (on_failure: wait) */
    struct fx_log_limit limit;
};

struct fxi_pipeline {
    const struct fxi_config *config;
    struct fxi_schema schema;
    int record_field, payload_field; /* the whole text of a record or payload; -1: nobody claims it */
    int event_type_field;            /* claimed by the core: markers of producers are not records */
    struct fxi_metrics *metrics;
    struct fxi_metric_set *program_metrics; /* FXI_PROGRAM_... */
    struct fxi_metric_set *process_metrics;
    struct fxi_metric_set *call_metrics; /* FXI_CALL_..., for the core's own work */

    struct fxi_readiness readiness;

    struct fx_instance **instances; /* in the order of the configuration */
    size_t instance_count;
    struct fxi_input *inputs;
    size_t input_count;
    struct fxi_stage *resolvers, *outputs;
    size_t resolver_count, output_count;
    struct fx_feed *feeds;
    unsigned feed_count;

    struct fxi_end end;
    int stop_fd;                  /* an eventfd: readable once the program stops */
    _Atomic int64_t drain_end_ms; /* set before the stop: until then inputs may take what has arrived */
    struct fxi_thread tick_thread;
    _Atomic unsigned running; /* workers whose input has not ended */
    struct fxi_checkpoints *checkpoints;
};

/* feed.c: flush passes the poll's batch on; release lets the gate go. */
void fxi_feed_flush(struct fx_feed *feed);
void fxi_feed_release(struct fx_feed *feed);
void fxi_feed_publish(struct fx_feed *feed);
/* The decoder that sees whole payloads. */
struct fxi_decoder *fxi_feed_decoder(const struct fx_feed *feed);

/* stage.c: passes the batch to resolvers and outputs, and empties it. */
void fxi_stages_run(struct fx_feed *feed);

/* worker.c */
int fxi_workers_start(struct fxi_pipeline *pipeline, struct fx_error *err);
/* False: a worker still runs at end_ms. */
bool fxi_workers_join(struct fxi_pipeline *pipeline, int64_t end_ms);

/* overdue.c: updates the metrics of calls that have not returned. */
void fxi_calls_note(struct fxi_pipeline *pipeline);
/* The same as texts: who has been called, and for how long. */
void fxi_calls_tell(const struct fxi_pipeline *pipeline, void (*visit)(void *arg, const char *name, const char *reason),
                    void *arg);

/* tick.c: sleeps so long, or until the stop; starts the thread of ticks if an instance has any. */
void fxi_pause(const struct fxi_pipeline *pipeline, int64_t ms);
/* Whether a batch that is not taken now is given up because the program stops. */
bool fxi_feed_gives_up(const struct fx_feed *feed);
int fxi_tick_start(struct fxi_pipeline *pipeline, struct fx_error *err);

/* readiness.c: shows the readiness as it is now. */
void fxi_ready_note(struct fxi_pipeline *pipeline);

#endif
