/*
 * How far checkpoints have come: which one is under way, which one is committed, and what is known of those between.
 * The struct is written by progress.c only, each function being a step of a checkpoint's life:
 *
 *   cut -> overwrite, prepared -> asked -> committed, or gone back
 *
 * Under the checkpoints' lock, but for the atomic members.
 */
#ifndef FXI_CHECKPOINT_PROGRESS_H
#define FXI_CHECKPOINT_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "state/slot.h"

struct fxi_progress {
    uint64_t number;           /* of the checkpoint under way or the last one; never used twice */
    uint64_t committed_number; /* 0: none */
    bool unsettled;            /* checkpoint `number` was cut, but its commit has no answer yet */
    bool is_void;              /* what was counted since the cut is given back once it is settled */
    bool durable;              /* it is in the state directory, too */
    int64_t asked_ns;          /* when its commit was first asked for */
    /* Prepared, but as far as is known not accepted: an answer that comes late can still say so. NULL: none. */
    const struct fxi_slot *doubtful;

    _Atomic int64_t committed_ms; /* when the last checkpoint was accepted; before that, when the program started */
    _Atomic bool recovered;       /* outputs have their values, and inputs may be read */
    _Atomic bool is_dirty;        /* something was counted since the last cut */
    _Atomic bool is_owed;         /* a cut was begun, and neither committed nor given back yet */
    _Atomic bool abandoned;       /* a batch was cut off by the stop: no last checkpoint */
};

/* The program starts. */
void fxi_progress_start(struct fxi_progress *progress);
/* What was committed before is known: truth is 0 if nothing was. newest: the greatest number that was ever used. */
void fxi_progress_recovered(struct fxi_progress *progress, uint64_t truth, uint64_t newest,
                            const struct fxi_slot *doubtful);
/* Outputs have their values: inputs may be read. */
void fxi_progress_ready(struct fxi_progress *progress);
/* A later number was used than is known here. */
void fxi_progress_pass(struct fxi_progress *progress, uint64_t number);

/* A checkpoint takes the next number; then its cut begins, all workers standing. */
void fxi_progress_next(struct fxi_progress *progress);
void fxi_progress_cut(struct fxi_progress *progress);
/* The slot of the one in doubt is written over, or given up, or has had its answer. */
void fxi_progress_end_doubt(struct fxi_progress *progress);
/* It is going to be made durable, or there is no directory. Then it is kept in this slot; NULL: that failed. */
void fxi_progress_prepare(struct fxi_progress *progress, bool is_durable);
void fxi_progress_prepared(struct fxi_progress *progress, const struct fxi_slot *slot);
/* Its commit is asked for. */
void fxi_progress_asked(struct fxi_progress *progress);
void fxi_progress_committed(struct fxi_progress *progress);
/* What was counted since the cut is to be given back; and it was, the commit under way included. */
void fxi_progress_void(struct fxi_progress *progress);
void fxi_progress_gone_back(struct fxi_progress *progress);
/* The one in doubt was accepted after all. */
void fxi_progress_adopt(struct fxi_progress *progress, uint64_t number);

/* Any worker: something is being counted, inside its gate; a batch could not be written whole. */
void fxi_progress_note_count(struct fxi_progress *progress);
void fxi_progress_abandon(struct fxi_progress *progress);

#endif
