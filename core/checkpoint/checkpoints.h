/*
 * Checkpoints: cut, prepare, commit, expose; recovery at the start; rollback. Only this folder knows which checkpoint
 * is committed, which one waits for an answer, and where each is stored. Others ask by these functions.
 *
 * Taking a checkpoint, a rollback, and a change of streams each hold the lock "run". It comes before all other locks:
 *
 *   run             one at a time: a checkpoint, a rollback, a change of streams
 *   source.lock     which workers are inside poll; held for moments
 *   gate            a worker holds it from its first payload of a poll until the batch is written; with all gates held,
 *                   every worker is between payloads
 *   wake            wakes the checkpoint thread; held for moments
 */
#ifndef FXI_CHECKPOINT_CHECKPOINTS_H
#define FXI_CHECKPOINT_CHECKPOINTS_H

#include <pthread.h>
#include <stdbool.h>

#include "checkpoint/source.h"
#include "config/config.h"
#include "metrics/metrics.h"
#include "util/end.h"

struct fxi_checkpoints;

/* What the pipeline does during a checkpoint. Called under run. */
struct fxi_checkpoint_hooks {
    /*
     * After a cut: stores everything rejected before it. Negative with err: not stored yet, so nothing is committed
     * now.
     */
    int (*store_rejected)(void *arg, int timeout_ms, struct fx_error *err);
    /* The output does not store a checkpoint, for this reason, so that nothing is committed. NULL: not any more. */
    void (*holds_back)(void *arg, struct fx_instance *output, const char *reason);
    /* Streams have gone back to earlier positions. No worker is inside poll. */
    void (*gone_back)(void *arg);
    void *arg;
};

/*
 * config, end and metrics (fxi_checkpoint_metrics) must outlive the checkpoints. Call this, and all up to start and
 * stop, from the main thread.
 */
struct fxi_checkpoints *fxi_checkpoints_new(const struct fxi_config *config, struct fxi_end *end,
                                            struct fxi_metric_set *metrics, const struct fxi_checkpoint_hooks *hooks);
void fxi_checkpoints_free(struct fxi_checkpoints *checkpoints);

/*
 * Before open, add every instance, every input as a source, and the gate of every worker. They must outlive the
 * checkpoints.
 */
void fxi_checkpoints_add_instance(struct fxi_checkpoints *checkpoints, struct fx_instance *instance);
void fxi_checkpoints_add_source(struct fxi_checkpoints *checkpoints, struct fxi_source *source);
void fxi_checkpoints_add_gate(struct fxi_checkpoints *checkpoints, pthread_mutex_t *gate);

/* Opens the state directory. Instances get their parts and folders in it. Gives 0, or negative with err. */
int fxi_checkpoints_open(struct fxi_checkpoints *checkpoints, struct fx_error *err);
/* Gives instances their folders in the state directory without opening the directory. */
void fxi_checkpoints_find_folders(struct fxi_checkpoints *checkpoints);

/*
 * start makes the thread, which recovers, lets workers in, and takes checkpoints until stop. stop gives false if the
 * thread still runs at end_ms.
 */
int fxi_checkpoints_start(struct fxi_checkpoints *checkpoints, struct fx_error *err);
bool fxi_checkpoints_stop(struct fxi_checkpoints *checkpoints, int64_t end_ms);
/* Takes the last checkpoint of a stop, unless recovery has not ended. Logs what prevents it. */
void fxi_checkpoints_take_last(struct fxi_checkpoints *checkpoints, int64_t end_ms);
/* Logs that there was none, and what becomes of its records. */
void fxi_checkpoints_note_no_last(const struct fxi_checkpoints *checkpoints, const char *reason);

/* Lock and unlock run, for a change of streams. An output that does not store a checkpoint is not waited for. */
void fxi_checkpoints_hold(struct fxi_checkpoints *checkpoints);
void fxi_checkpoints_release(struct fxi_checkpoints *checkpoints);

/* ---- under run */

/* Finds out which checkpoint is the truth, and gives outputs its values. FX_ETIMEOUT: the inputs do not know yet. */
int fxi_checkpoints_recover(struct fxi_checkpoints *checkpoints, int timeout_ms, bool may_trust_mark,
                            struct fx_error *err);
/*
 * Takes a checkpoint. Gives 0, or negative with err. FX_ETIMEOUT: no answer yet, or an output did not store it in time.
 * FX_EIO: refused and rolled back.
 */
int fxi_checkpoints_take(struct fxi_checkpoints *checkpoints, int timeout_ms, struct fx_error *err);
/*
 * Rolls back what was counted since the last commit: now, or when the pending commit is answered. If the caller is a
 * worker, it must be parked.
 */
void fxi_checkpoints_void(struct fxi_checkpoints *checkpoints, int timeout_ms);
/* Whether the stream has counted records that are not committed, and not in a cut that may still be accepted. */
bool fxi_checkpoints_has_loose(const struct fxi_checkpoints *checkpoints, const struct fx_stream *stream);
/* Takes tags that were found after recovery. They may settle a doubt. The caller's input must be quiesced. */
void fxi_checkpoints_take_tags(struct fxi_checkpoints *checkpoints, const char *tags, size_t size);
/* As fx_checkpoint_accepted. */
enum fx_verdict fxi_checkpoints_accepted(const struct fxi_checkpoints *checkpoints, const struct fx_checkpoint *asked,
                                         int timeout_ms, struct fx_error *err);
/*
 * Whether no other instance stored the offset beside these tags: there are no tags, or the last one is of our own
 * committed checkpoint. If such an offset differs from where this instance left the stream, somebody outside the group
 * has set it.
 */
bool fxi_checkpoints_is_foreign(const struct fxi_checkpoints *checkpoints, const char *tags, size_t size);

/* ---- any thread */

/* Asks for a checkpoint. False: the last one is young enough to be the answer, or there is nothing to show yet. */
bool fxi_checkpoints_request(struct fxi_checkpoints *checkpoints);
/* Asks for a checkpoint, however young the last one is. */
void fxi_checkpoints_want(struct fxi_checkpoints *checkpoints);
/*
 * note_count: a worker counts, inside its gate. abandon: a worker could not write its batch completely, so nothing more
 * is committed.
 */
void fxi_checkpoints_note_count(struct fxi_checkpoints *checkpoints);
/* Records were counted; still inside the worker's gate. */
void fxi_checkpoints_note_records(struct fxi_checkpoints *checkpoints, int64_t records);
/* False: too much is not committed, so no more may be read. */
bool fxi_checkpoints_may_read(struct fxi_checkpoints *checkpoints);
/* A worker begins to wait for that. Asks for a checkpoint. */
void fxi_checkpoints_note_wait(struct fxi_checkpoints *checkpoints);
/* It waits still. Asks for one more checkpoint now and then, since the last one may have failed. */
void fxi_checkpoints_want_again(struct fxi_checkpoints *checkpoints);
void fxi_checkpoints_abandon(struct fxi_checkpoints *checkpoints);
/* Whether something was counted that is not committed. */
bool fxi_checkpoints_is_behind(const struct fxi_checkpoints *checkpoints);
/* Updates the metrics that change between checkpoints. */
void fxi_checkpoints_note_age(struct fxi_checkpoints *checkpoints);

#endif
