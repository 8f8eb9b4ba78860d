/*
 * The values as pages show them: cut, prepared, committed, exposed. Only the checkpoint's thread enters this file.
 * Pages hold the exposed snapshot with a counted reference.
 */
#include "base/clock.h"
#include "prom.h"

/* Calls a function for each table that workers look into. */
static void for_tables(struct prom_store *store, void (*call)(struct prom_table *table))
{
    for (unsigned i = 0; i < store->family_count; i++)
        call(&store->families[i].registry.table);
    call(&store->texts.table);
}

void prom_before_cut(void *self)
{
    struct prom_output *output = self;
    prom_snapshot_reserve(&output->store);
    prom_expire_before_cut(&output->store);
}

/* Without memory there is no cut this time, and the core goes on with the next. Wrong values never get a cut. */
int prom_cut(void *self, uint64_t number, struct fx_error *err)
{
    struct prom_output *output = self;
    struct prom_store *store = &output->store;
    if (atomic_load(&store->is_broken))
        return fx_error_set(err, FX_ENOMEM, "records could not be counted: no memory");
    for_tables(store, prom_table_retire); /* nobody looks anything up now */
    if (store->pending)                   /* the last cut was never completed */
        prom_kept_forget(&output->kept);
    prom_snapshot_unref(store->pending);
    store->pending = prom_expire_cut(store, number) ? NULL : prom_snapshot_take(store, number);
    prom_http_cut(output->http);
    return store->pending ? 0 : fx_error_set(err, FX_ENOMEM, "no memory for a copy of the values");
}

static void count_series(const struct prom_store *store, int64_t held)
{
    int64_t series = 0;
    for (unsigned i = 0; i < store->family_count; i++)
        series += (int64_t)(store->pending->families[i].count - store->families[i].life.gone) - 1; /* 'other' */
    fx_metric_set(store->instance, PROM_SERIES, 0, series);
    fx_metric_set(store->instance, PROM_SERIES_HELD, 0, held);
}

static enum fx_verdict no_memory(const char *sentence, struct fx_error *err)
{
    fx_error_set(err, FX_ENOMEM, "%s", sentence);
    return FX_DROP;
}

enum fx_verdict prom_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct prom_output *output = self;
    struct prom_store *store = &output->store;
    if (!store->pending)
        return no_memory("no memory for a copy of the values; no more records are taken", err);
    int64_t now_ms = prom_clock_ms(), held = 0;
    for_tables(store, prom_table_sweep);
    prom_intern_free_unused(&store->texts);
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        struct prom_values *sums = &store->pending->families[i];
        if (prom_expire_prepare(store, i))
            return no_memory("no memory for series that end", err);
        held += (int64_t)prom_admit_series(store, family, (uint32_t)sums->count, checkpoint->number, now_ms);
        if (store->options->late_names == PROM_LATE_RENAME)
            prom_rename_series(store, i, (uint32_t)sums->count);
        if (store->options->as_info)
            prom_admit_names(store, family, (uint32_t)sums->count);
        prom_admit_merge(family, sums->values, sums->count);
        if (family->top.limit && prom_top_prepare(store, i))
            return no_memory("no memory for weighing series", err);
        prom_expire_note_changes(store, i);
    }
    count_series(store, held);
    if (prom_kept_write(&output->kept, store, checkpoint))
        return no_memory("no memory for keeping series", err);
    return FX_OK;
}

void prom_committed(void *self, uint64_t number)
{
    struct prom_output *output = self;
    if (output->store.pending && output->store.pending->number == number) {
        prom_snapshot_expose(&output->store, output->store.pending);
        output->store.pending = NULL;
        prom_kept_accept(&output->kept);
        prom_rates_committed(&output->rates);
    }
    prom_http_settled(output->http);
}

/* All workers stand still. The first gets the exposed values, the others zero. */
static bool put_back(struct prom_store *store, const struct prom_snapshot *snapshot)
{
    for (unsigned i = 0; i < store->family_count; i++) {
        const struct prom_values *sums = &snapshot->families[i];
        for (unsigned j = 0; j < store->worker_count; j++)
            if (store->workers[j] && !prom_tally_set(&store->workers[j]->tallies[i], sums->values, j ? 0 : sums->count))
                return false;
    }
    return true;
}

static void put_back_exposed(struct prom_store *store)
{
    struct prom_snapshot *snapshot = prom_snapshot_get(store);
    if (!put_back(store, snapshot))
        atomic_store(&store->is_broken, true);
    prom_expire_put_back(store);
    prom_snapshot_unref(snapshot);
}

void prom_rolled_back(void *self, uint64_t number)
{
    struct prom_output *output = self;
    (void)number; /* the exposed cut is the last committed one */
    put_back_exposed(&output->store);
    prom_snapshot_unref(output->store.pending);
    output->store.pending = NULL;
    prom_kept_forget(&output->kept);
    prom_http_settled(output->http);
}

int prom_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct prom_output *output = self;
    prom_snapshot_unref(output->store.pending);
    output->store.pending = NULL;
    int rc = prom_kept_read(&output->kept, &output->store, checkpoint, err);
    if (!rc)
        put_back_exposed(&output->store);
    return rc;
}
