/*
 * Checkpoints: cut, prepare, commit, expose; recovery at the start and rollback. They alone know which checkpoint is
 * committed, which one waits for its answer, and where it is kept. Others ask by these functions.
 *
 * One lock, "run", is held by whoever takes a checkpoint, goes back, or changes streams. It comes before all others:
 *
 *   run             one at a time: a checkpoint, a rollback, a change of streams
 *   source.lock     which workers are inside poll; held for moments
 *   gate            a worker holds it from its first payload of a poll until the batch is written: whoever holds all
 *                   gates sees every worker between payloads
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

/* What the pipeline does in a checkpoint. Called under run. */
struct fxi_checkpoint_hooks {
    /* After a cut: what was rejected before it is stored. Negative with err: not yet, so there is no commit now. */
    int (*store_rejected)(void *arg, int timeout_ms, struct fx_error *err);
    /* Streams have gone back; no worker is inside poll. */
    void (*gone_back)(void *arg);
    void *arg;
};

/* config, end and metrics (fxi_checkpoint_metrics) stay with the caller. Main thread, as all up to start and stop. */
struct fxi_checkpoints *fxi_checkpoints_new(const struct fxi_config *config, struct fxi_end *end,
                                            struct fxi_metric_set *metrics, const struct fxi_checkpoint_hooks *hooks);
void fxi_checkpoints_free(struct fxi_checkpoints *checkpoints);

/* Before open: every instance, every input as a source, and the gate of every worker. They stay with the caller. */
void fxi_checkpoints_add_instance(struct fxi_checkpoints *checkpoints, struct fx_instance *instance);
void fxi_checkpoints_add_source(struct fxi_checkpoints *checkpoints, struct fxi_source *source);
void fxi_checkpoints_add_gate(struct fxi_checkpoints *checkpoints, pthread_mutex_t *gate);

/* Opens the state directory. Instances get their parts and folders in it. 0 or negative with err. */
int fxi_checkpoints_open(struct fxi_checkpoints *checkpoints, struct fx_error *err);
/* Without opening the directory: instances get the folders that they have in it. */
void fxi_checkpoints_find_folders(struct fxi_checkpoints *checkpoints);

/* The thread recovers, lets workers in, and takes checkpoints until the stop. stop: false: it is still at work then. */
int fxi_checkpoints_start(struct fxi_checkpoints *checkpoints, struct fx_error *err);
bool fxi_checkpoints_stop(struct fxi_checkpoints *checkpoints, int64_t end_ms);
/* The stop's own checkpoint, once what was counted before is known. Logs what hinders it. */
void fxi_checkpoints_take_last(struct fxi_checkpoints *checkpoints, int64_t end_ms);

/* Takes and lets go run. */
void fxi_checkpoints_hold(struct fxi_checkpoints *checkpoints);
void fxi_checkpoints_release(struct fxi_checkpoints *checkpoints);

/* ---- under run */

/* Which checkpoint is the truth; outputs get its values. FX_ETIMEOUT: inputs don't know yet. */
int fxi_checkpoints_recover(struct fxi_checkpoints *checkpoints, int timeout_ms, bool may_trust_mark,
                            struct fx_error *err);
/* 0, or negative with err: FX_ETIMEOUT: no answer yet; FX_EIO: refused, rolled back. */
int fxi_checkpoints_take(struct fxi_checkpoints *checkpoints, int timeout_ms, struct fx_error *err);
/*
 * What was counted since the last commit is given back: now, or when a commit under way has its answer. The caller's own
 * worker, if it is one, is parked.
 */
void fxi_checkpoints_void(struct fxi_checkpoints *checkpoints, int timeout_ms);
/* Whether records of the stream were counted that neither are committed nor stand in a cut that may still be accepted. */
bool fxi_checkpoints_has_loose(const struct fxi_checkpoints *checkpoints, const struct fx_stream *stream);
/* While the caller's input is quiesced: tags that are found later than recovery may decide what was in doubt. */
void fxi_checkpoints_take_tags(struct fxi_checkpoints *checkpoints, const char *tags, size_t size);
/* Whether tags show that what they stand beside was not left there by the last one of us who committed. */
bool fxi_checkpoints_is_foreign(const struct fxi_checkpoints *checkpoints, const char *tags, size_t size);

/* ---- any thread */

/* Asks for a checkpoint. False: the last one is so young that it is the answer, or there is nothing to show yet. */
bool fxi_checkpoints_request(struct fxi_checkpoints *checkpoints);
/* The same, however young the last one is. */
void fxi_checkpoints_want(struct fxi_checkpoints *checkpoints);
/* A worker counts, inside its gate; a worker could not write its batch whole: nothing more is committed. */
void fxi_checkpoints_note_count(struct fxi_checkpoints *checkpoints);
void fxi_checkpoints_abandon(struct fxi_checkpoints *checkpoints);
/* Something that was counted is not committed. */
bool fxi_checkpoints_is_behind(const struct fxi_checkpoints *checkpoints);
/* Brings metrics that change by themselves up to date. */
void fxi_checkpoints_note_age(struct fxi_checkpoints *checkpoints);

#endif
