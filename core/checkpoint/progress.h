/*
 * How far checkpoints have come: which one is in progress, which one is committed, and which one is in doubt. Only
 * progress.c writes the struct. Each of its functions is a step in a checkpoint's life:
 *
 *   cut -> end_doubt, prepare -> asked -> committed or gone_back
 *   cut -> end_doubt, prepare -> veto
 *
 * Guarded by run, except for the atomic members.
 */
#ifndef FXI_CHECKPOINT_PROGRESS_H
#define FXI_CHECKPOINT_PROGRESS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "state/slot.h"

struct fxi_progress {
    uint64_t number;           /* of the checkpoint in progress or the last one; never used twice */
    uint64_t committed_number; /* 0: none */
    bool unsettled;            /* checkpoint `number` was cut, but its commit has no answer yet */
    bool is_void;              /* once it is settled, what was counted since its cut is rolled back */
    bool durable;              /* it is in the state directory as well */
    bool is_vetoed;            /* an output did not store the last cut, so the cut is void */
    int64_t cut_records;       /* as counted_records, at the last cut */
    int64_t asked_ns;          /* when its commit was first requested */
    /* Durable, but not accepted as far as we know; a late answer may still show that it was. NULL: none. */
    const struct fxi_slot *doubtful;

    /* when the last checkpoint was accepted; before the first, when the program started */
    _Atomic int64_t committed_ms;
    _Atomic bool recovered;            /* outputs have their values, and inputs may be read */
    _Atomic bool is_dirty;             /* something was counted since the last cut */
    _Atomic bool is_owed;              /* a cut has something counted that is neither committed nor rolled back yet */
    _Atomic int64_t counted_records;   /* in this run, those of rollbacks included */
    _Atomic int64_t committed_records; /* the part of them that is committed or rolled back */
    _Atomic bool abandoned;            /* a worker gave up a batch at the stop, so no last checkpoint is taken */
};

/* The program starts. */
void fxi_progress_start(struct fxi_progress *progress);
/* Recovery has ended. truth is the last committed number, or 0 for none. newest is the largest number ever used. */
void fxi_progress_recovered(struct fxi_progress *progress, uint64_t truth, uint64_t newest,
                            const struct fxi_slot *doubtful);
/* Outputs have their values, so inputs may be read. */
void fxi_progress_ready(struct fxi_progress *progress);
/* A larger number turned out to have been used. */
void fxi_progress_pass(struct fxi_progress *progress, uint64_t number);

/* next: a checkpoint gets the next number. cut: its cut begins, while all workers wait. */
void fxi_progress_next(struct fxi_progress *progress);
void fxi_progress_cut(struct fxi_progress *progress);
/* The slot in doubt is overwritten, given up, or settled. */
void fxi_progress_end_doubt(struct fxi_progress *progress);
/*
 * prepare: the checkpoint is being made durable, or there is no directory. prepared: it is in this slot, or NULL: that
 * failed.
 */
void fxi_progress_prepare(struct fxi_progress *progress, bool is_durable);
void fxi_progress_prepared(struct fxi_progress *progress, const struct fxi_slot *slot);
/* The cut is void. The next one has the next number, and everything that the void one had. */
void fxi_progress_veto(struct fxi_progress *progress);
/* asked: its commit is requested. */
void fxi_progress_asked(struct fxi_progress *progress);
void fxi_progress_committed(struct fxi_progress *progress);
/* void: what was counted since the cut must be rolled back. gone_back: it was, together with the pending commit. */
void fxi_progress_void(struct fxi_progress *progress);
void fxi_progress_gone_back(struct fxi_progress *progress);
/* The checkpoint in doubt was accepted after all. */
void fxi_progress_adopt(struct fxi_progress *progress, uint64_t number);

/* Any worker. note_count: it counts, inside its gate. abandon: it could not write a batch completely. */
void fxi_progress_note_count(struct fxi_progress *progress);
/* Call inside the worker's gate: it has counted this many records. Gives how many are not committed. */
int64_t fxi_progress_note_records(struct fxi_progress *progress, int64_t records);
/* The number of records that were counted since the last committed cut. */
int64_t fxi_progress_uncommitted(const struct fxi_progress *progress);
void fxi_progress_abandon(struct fxi_progress *progress);

#endif
