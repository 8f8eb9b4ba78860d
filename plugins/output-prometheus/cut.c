/*
 * The values as pages show them: cut, prepared, committed, exposed. One thread
 * at a time (the checkpoint's owner); pages hold the exposed snapshot counted.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "prom.h"
#include "render.h"

struct prom_snapshot *prom_snapshot_new(void)
{
    struct prom_snapshot *snapshot = calloc(1, sizeof *snapshot);
    if (snapshot)
        atomic_init(&snapshot->references, 1);
    return snapshot;
}

void prom_snapshot_unref(struct prom_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    for (unsigned i = 0; i < PROM_FAMILIES; i++)
        free(snapshot->values[i]);
    free(snapshot);
}

struct prom_snapshot *prom_snapshot_get(struct prom_output *output)
{
    pthread_mutex_lock(&output->lock);
    struct prom_snapshot *snapshot = output->exposed;
    atomic_fetch_add(&snapshot->references, 1);
    pthread_mutex_unlock(&output->lock);
    return snapshot;
}

static struct prom_snapshot *sum_up(struct prom_output *output, uint64_t number)
{
    struct prom_snapshot *snapshot = prom_snapshot_new();
    if (!snapshot)
        return NULL;
    snapshot->number = number;
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        snapshot->count[i] = prom_registry_count(&output->families[i].registry);
        snapshot->values[i] = calloc(snapshot->count[i], sizeof **snapshot->values);
        if (!snapshot->values[i]) {
            prom_snapshot_unref(snapshot);
            return NULL;
        }
        for (unsigned j = 0; j < output->worker_count; j++)
            if (output->workers[j])
                prom_worker_add_values(output->workers[j], i, snapshot->values[i], snapshot->count[i]);
    }
    return snapshot;
}

void prom_cut(void *self, uint64_t number)
{
    struct prom_output *output = self;
    prom_snapshot_unref(output->pending);
    output->pending = sum_up(output, number);
}

/* Its names are there, or there will be none, or it has waited long enough. */
static bool may_be_shown(const struct prom_output *output, const struct prom_family *family,
                         const struct prom_series *series, int64_t waited_ms)
{
    if (waited_ms >= output->options->names_wait)
        return true;
    for (unsigned i = 0; i < PROM_LABELS; i++)
        if (!family->labels[i].is_number && !(series->key[i] & PROM_KEY_TEXT) &&
            fx_cell_state((const struct fx_cell *)(uintptr_t)series->key[i]) == FX_CELL_PENDING)
            return false;
    return true;
}

static bool admit(struct prom_output *output, struct prom_family *family, struct prom_series *series, uint64_t number)
{
    uint32_t size;
    const char *text = prom_render_labels(output, family, series, &size);
    if (!text)
        return false;
    series->text_size = size;
    series->admitted = (uint32_t)number;
    atomic_store_explicit(&series->text, text, memory_order_release);
    return true;
}

/* Series that are held back are looked at once a checkpoint; what is admitted keeps its text for ever. */
static size_t admit_held(struct prom_output *output, struct prom_family *family, uint64_t number, int64_t now_ms)
{
    struct prom_registry *registry = &family->registry;
    pthread_mutex_lock(&registry->lock);
    size_t kept = 0;
    for (size_t i = 0; i < registry->held_count; i++) {
        struct prom_held held = registry->held[i];
        struct prom_series *series = prom_series_at(registry, held.number);
        if (!may_be_shown(output, family, series, now_ms - held.since_ms) || !admit(output, family, series, number))
            registry->held[kept++] = held;
    }
    registry->held_count = kept;
    pthread_mutex_unlock(&registry->lock);
    return kept;
}

int prom_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    struct prom_output *output = self;
    if (!output->pending)
        return fx_error_set(err, FX_ENOMEM, "no memory for a copy of the values; the page stays at the last one");
    int64_t now_ms = prom_clock_ms(), series = 0, held = 0;
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        held += (int64_t)admit_held(output, &output->families[i], checkpoint->number, now_ms);
        series += (int64_t)output->pending->count[i] - 1;
    }
    fx_metric_set(output->instance, PROM_SERIES, 0, series);
    fx_metric_set(output->instance, PROM_SERIES_HELD, 0, held);
    return 0;
}

void prom_committed(void *self, uint64_t number)
{
    struct prom_output *output = self;
    struct prom_snapshot *old = NULL;
    if (output->pending && output->pending->number == number) {
        pthread_mutex_lock(&output->lock);
        old = output->exposed;
        output->exposed = output->pending;
        pthread_mutex_unlock(&output->lock);
        output->pending = NULL;
    }
    prom_snapshot_unref(old);
    prom_http_wake(output->http);
}

/* All workers stand still: the first gets the exposed values, the others zero. */
void prom_rolled_back(void *self, uint64_t number)
{
    struct prom_output *output = self;
    (void)number; /* the exposed cut is the last committed one */
    struct prom_snapshot *snapshot = prom_snapshot_get(output);
    for (unsigned i = 0; i < PROM_FAMILIES; i++)
        for (unsigned j = 0; j < output->worker_count; j++)
            if (output->workers[j])
                prom_worker_set_values(output->workers[j], i, j ? NULL : snapshot->values[i], snapshot->count[i]);
    prom_snapshot_unref(snapshot);
    prom_snapshot_unref(output->pending);
    output->pending = NULL;
    prom_http_wake(output->http);
}

/* There is no state on disk yet: every start begins with nothing. */
int prom_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    (void)self;
    if (checkpoint->number)
        return fx_error_set(err, FX_EINVAL, "checkpoint %llu can't be restored",
                            (unsigned long long)checkpoint->number);
    return 0;
}
