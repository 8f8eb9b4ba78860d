/* The structs that the files of checkpoint/ share. Only for this folder, and for tests that play the program. */
#ifndef FXI_CHECKPOINT_INSIDE_H
#define FXI_CHECKPOINT_INSIDE_H

#include "checkpoint/checkpoint_metrics.h"
#include "checkpoint/checkpoints.h"
#include "checkpoint/progress.h"
#include "plugin/instance.h"
#include "state/directory.h"
#include "util/thread.h"

/* What the checkpoint thread is asked for. Guarded by its own lock. */
struct fxi_requests {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    bool requested;
    bool waiting_for_answer; /* copy of progress.unsettled */
    bool is_vetoed;          /* copy of progress.is_vetoed */
    bool thread_stops;
    int64_t last_cut_ms;
    int64_t wanted_ms; /* when a worker that waits for a commit last asked for a checkpoint */
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

    _Atomic unsigned waiting; /* workers that wait for run, to change streams */
    pthread_mutex_t run;      /* guards everything below except requests and thread */
    struct fxi_progress progress;
    char identity[FXI_IDENTITY_SIZE + 1]; /* for tags: of the state directory, or made for this process */
    struct fxi_state *store;              /* the state directory; NULL: none */
    int64_t store_retry_ms;               /* when to try a lost directory again */
    struct fx_position *positions;        /* of all inputs, in the present checkpoint */
    struct fxi_slot_position *slot_positions;
    struct fx_log_limit commit_limit, store_limit, prepare_limit, wait_limit;
    int64_t prepare_end_ms; /* until then outputs may be asked again in the present checkpoint */
    bool is_last;           /* it is that of the stop: a stop ends its waits no more */

    struct fxi_requests requests;
    struct fxi_thread thread; /* recovers first */
};

/* checkpoints.c: fills in the tag and number of the present checkpoint. */
void fxi_checkpoint_describe(const struct fxi_checkpoints *checkpoints, char tag[FXI_TAG_BYTES],
                             struct fx_checkpoint *checkpoint);

/* request.c: notes what requests must know without run. */
void fxi_requests_note(struct fxi_checkpoints *checkpoints, bool cut_taken);
/* Waits for a reason to take a checkpoint. False: stop. */
bool fxi_requests_wait(struct fxi_checkpoints *checkpoints);
void fxi_requests_stop(struct fxi_checkpoints *checkpoints);

/*
 * durable.c: outputs prepare the cut, and it is made durable if the directory works. Negative with err: nothing may be
 * committed. FX_ETIMEOUT: the cut is void, since an output does not store it now; otherwise the program stops.
 */
int fxi_durable_prepare(struct fxi_checkpoints *checkpoints, struct fx_error *err);
/*
 * prepare.c: asks one output until it answers FX_OK, FX_DROP (continue without it), FX_AGAIN (the cut is void) or
 * FX_FATAL (the program stops already). Negative with err: the directory failed, whatever *verdict says.
 */
int fxi_prepare_output(struct fxi_checkpoints *checkpoints, struct fx_instance *instance,
                       struct fx_checkpoint *checkpoint, bool has_directory, enum fx_verdict *verdict,
                       struct fx_error *err);

/*
 * take.c: as fxi_checkpoints_take. Outputs are asked for at most prepare_ms to store the cut. However long that takes,
 * half of timeout_ms is left for the commit.
 */
int fxi_take(struct fxi_checkpoints *checkpoints, int64_t prepare_ms, int timeout_ms, struct fx_error *err);

/* What the tags of this instance show. */
struct fxi_evidence {
    const char *identity;
    uint64_t newest;    /* the largest number found; 0: none */
    uint64_t moved;     /* the largest number found at streams that moved between the two slots */
    bool has_moved;     /* there are such streams */
    uint64_t undurable; /* the largest number that was accepted without being durable; 0: none */
    uint64_t wanted;    /* the number that is looked for */
    bool has_wanted;
};
/*
 * recall.c: fxi_evidence_add reads a text of tags; fxi_recall asks all inputs. *asked: there was something to ask.
 * FX_ETIMEOUT: no answer yet.
 */
void fxi_evidence_add(struct fxi_evidence *evidence, const char *tags, size_t size);
int fxi_recall(struct fxi_checkpoints *checkpoints, struct fxi_evidence *evidence, bool *asked, int timeout_ms,
               struct fx_error *err);

/*
 * restore.c: gives outputs the slot's values. Outputs that can't use them begin with nothing; so do all if slot is
 * NULL. Logs and counts the result: kind, unless the kept values can't be used.
 */
void fxi_restore_outputs(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot, enum fxi_recovery kind);
/*
 * Makes the slot's streams known. Streams that are not live continue where the slot left them. All workers are kept
 * out.
 */
void fxi_restore_streams(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot);

void fxi_rollback(struct fxi_checkpoints *checkpoints);
/* The slot that was in doubt was accepted after all: everything continues from it. */
void fxi_adopt(struct fxi_checkpoints *checkpoints, const struct fxi_slot *slot);

/* recovery.c: whether an input has a stream now. */
bool fxi_checkpoints_have_streams(const struct fxi_checkpoints *checkpoints);
/* Settles a checkpoint in doubt before a cut, since the cut would overwrite its slot. */
int fxi_recovery_resolve(struct fxi_checkpoints *checkpoints, int timeout_ms, struct fx_error *err);

#endif
