/* What the files of checkpoint/ share; nobody outside this folder, but tests that play a program. */
#ifndef FXI_CHECKPOINT_INSIDE_H
#define FXI_CHECKPOINT_INSIDE_H

#include "checkpoint/checkpoint_metrics.h"
#include "checkpoint/checkpoints.h"
#include "checkpoint/progress.h"
#include "plugin/instance.h"
#include "state/directory.h"
#include "util/thread.h"

/* What checkpoints are asked for by, and the thread that takes them. Under its own lock, but for the thread. */
struct fxi_requests {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool requested;
    bool waiting_for_answer; /* a copy of progress.unsettled */
    bool thread_stops;
    int64_t last_cut_ms;
};

struct fxi_checkpoints {
    const struct fxi_config *config;
    struct fxi_end *end;
    struct fxi_metric_set *metrics; /* FXI_CHECKPOINT_... */
    struct fxi_checkpoint_hooks hooks;

    struct fx_instance **instances, **outputs; /* in the order of the configuration */
    size_t instance_count, output_count;
    struct fxi_source **sources;
    size_t source_count;
    pthread_mutex_t **gates;
    size_t gate_count;

    pthread_mutex_t run; /* all that follows, but requests and thread, is under it */
    struct fxi_progress progress;
    char identity[FXI_IDENTITY_SIZE + 1]; /* in tags: the state directory's, or of this process alone */
    struct fxi_state *store;              /* the state directory; NULL: there is none */
    int64_t store_retry_ms;               /* when a lost directory is tried next */
    struct fx_position *positions;        /* of all inputs, in the checkpoint under way */
    struct fxi_slot_position *slot_positions;
    struct fx_log_limit commit_limit, store_limit;

    struct fxi_requests requests;
    struct fxi_thread thread; /* recovers first */
};

/* checkpoints.c: the tag and number of the checkpoint under way. */
void fxi_checkpoint_describe(const struct fxi_checkpoints *checkpoints, char tag[FXI_TAG_BYTES],
                             struct fx_checkpoint *checkpoint);

/* request.c: what requests need to know without run. */
void fxi_requests_note(struct fxi_checkpoints *checkpoints, bool cut_taken);
/* Waits for a reason to take a checkpoint. False: stop. */
bool fxi_requests_wait(struct fxi_checkpoints *checkpoints);
void fxi_requests_stop(struct fxi_checkpoints *checkpoints);

/* durable.c: makes the cut durable as far as can be. Negative: the program shall stop instead of going on without. */
int fxi_durable_prepare(struct fxi_checkpoints *checkpoints, struct fx_error *err);

/* What the tags of this instance say. */
struct fxi_evidence {
    const char *identity;
    uint64_t newest;    /* the greatest number that was found; 0: none */
    uint64_t moved;     /* the same of streams that moved from the older slot to the newer */
    bool has_moved;     /* there are such */
    uint64_t undurable; /* the greatest that was accepted without being in a slot; 0: none */
    uint64_t wanted;    /* is this number among them? */
    bool has_wanted;
};
/* recall.c: adds what a text of tags says; asks all inputs. *asked: whether anybody could know. FX_ETIMEOUT: not yet. */
void fxi_evidence_add(struct fxi_evidence *evidence, const char *tags, size_t size);
int fxi_recall(struct fxi_checkpoints *checkpoints, struct fxi_evidence *evidence, bool *asked, int timeout_ms,
               struct fx_error *err);

/*
 * restore.c: outputs take the slot's values, those that can't begin with nothing; slot NULL: all do. Logs and counts what
 * became of it: kind, unless what was kept can't be used.
 */
void fxi_restore_outputs(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot, enum fxi_recovery kind);
/* Streams of the slot are made known, and those that are not live are where it left them. All workers are kept out. */
void fxi_restore_streams(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot);

/* rollback.c. */
void fxi_rollback(struct fxi_checkpoints *checkpoints);
/* What was prepared as this slot was accepted after all: everything goes on from there. */
void fxi_adopt(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot);

/* recovery.c: before a cut, a checkpoint that is in doubt gets its answer, for its slot would be written over. */
int fxi_recovery_resolve(struct fxi_checkpoints *checkpoints, int timeout_ms, struct fx_error *err);

#endif
