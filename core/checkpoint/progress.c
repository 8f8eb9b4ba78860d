#include "checkpoint/progress.h"

#include "util/clock.h"

void fxi_progress_start(struct fxi_progress *progress)
{
    atomic_store(&progress->committed_ms, fxi_clock_ms());
}

void fxi_progress_recovered(struct fxi_progress *progress, uint64_t truth, uint64_t newest,
                            const struct fxi_slot *doubtful)
{
    progress->number = newest;
    progress->committed_number = truth;
    progress->doubtful = doubtful;
}

void fxi_progress_ready(struct fxi_progress *progress)
{
    atomic_store(&progress->recovered, true);
}

void fxi_progress_pass(struct fxi_progress *progress, uint64_t number)
{
    progress->number = number;
}

void fxi_progress_next(struct fxi_progress *progress)
{
    progress->number++;
}

void fxi_progress_cut(struct fxi_progress *progress)
{
    if (atomic_load(&progress->is_dirty)) /* a cut without anything new owes nothing */
        atomic_store(&progress->is_owed, true);
    atomic_store(&progress->is_dirty, false);
    progress->is_vetoed = false;
    progress->cut_records = atomic_load(&progress->counted_records);
}

void fxi_progress_end_doubt(struct fxi_progress *progress)
{
    progress->doubtful = NULL;
}

void fxi_progress_prepare(struct fxi_progress *progress, bool is_durable)
{
    progress->durable = is_durable;
}

void fxi_progress_prepared(struct fxi_progress *progress, const struct fxi_slot *slot)
{
    progress->durable = slot != NULL;
    progress->doubtful = slot;
}

void fxi_progress_veto(struct fxi_progress *progress)
{
    progress->is_vetoed = true;
}

void fxi_progress_asked(struct fxi_progress *progress)
{
    progress->unsettled = true;
    progress->asked_ns = fxi_clock_ns();
}

void fxi_progress_committed(struct fxi_progress *progress)
{
    progress->doubtful = NULL;
    progress->committed_number = progress->number;
    progress->unsettled = false;
    atomic_store(&progress->is_owed, false);
    atomic_store(&progress->committed_records, progress->cut_records);
    atomic_store(&progress->committed_ms, fxi_clock_ms());
}

void fxi_progress_void(struct fxi_progress *progress)
{
    progress->is_void = true;
}

void fxi_progress_gone_back(struct fxi_progress *progress)
{
    progress->unsettled = progress->is_void = progress->is_vetoed = false;
    atomic_store(&progress->committed_records, atomic_load(&progress->counted_records));
    atomic_store(&progress->is_owed, false);
    atomic_store(&progress->is_dirty, false);
}

void fxi_progress_adopt(struct fxi_progress *progress, uint64_t number)
{
    progress->doubtful = NULL;
    progress->committed_number = number;
}

void fxi_progress_note_count(struct fxi_progress *progress)
{
    atomic_store_explicit(&progress->is_dirty, true, memory_order_relaxed);
}

int64_t fxi_progress_note_records(struct fxi_progress *progress, int64_t records)
{
    int64_t before = atomic_fetch_add_explicit(&progress->counted_records, records, memory_order_relaxed);
    return before + records - atomic_load_explicit(&progress->committed_records, memory_order_relaxed);
}

int64_t fxi_progress_uncommitted(const struct fxi_progress *progress)
{
    int64_t committed = atomic_load(&progress->committed_records); /* first: counted is never less */
    return atomic_load(&progress->counted_records) - committed;
}

void fxi_progress_abandon(struct fxi_progress *progress)
{
    atomic_store(&progress->abandoned, true);
}
