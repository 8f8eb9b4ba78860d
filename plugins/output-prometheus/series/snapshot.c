/* Snapshots. The checkpoint's thread takes them. Pages take references and drop them. */
#include "series/snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/big.h"
#include "series/store.h"

struct prom_snapshot *prom_snapshot_new(struct prom_store *store)
{
    struct prom_snapshot *snapshot = calloc(1, sizeof *snapshot + store->family_count * sizeof *snapshot->families);
    if (!snapshot)
        return NULL;
    snapshot->store = store;
    atomic_init(&snapshot->references, 1);
    return snapshot;
}

static void free_values(struct prom_values *sums)
{
    prom_big_free(sums->values, sums->capacity * sizeof *sums->values, true);
    *sums = (struct prom_values){0};
}

void prom_snapshot_free(struct prom_snapshot *snapshot)
{
    if (!snapshot)
        return;
    for (unsigned i = 0; i < snapshot->store->family_count; i++)
        free_values(&snapshot->families[i]);
    free(snapshot);
}

/* Keeps the memory of one snapshot for the next cut. If there are two, the caller frees the one returned. */
static struct prom_snapshot *keep_spare(struct prom_store *store, struct prom_snapshot *snapshot)
{
    pthread_mutex_lock(&store->lock);
    struct prom_snapshot *old = store->spare;
    store->spare = snapshot;
    pthread_mutex_unlock(&store->lock);
    return old;
}

/* Adds the snapshot to the list of those that a page may show now or later. */
static void list(struct prom_store *store, struct prom_snapshot *snapshot)
{
    pthread_mutex_lock(&store->lock);
    snapshot->next = store->snapshots;
    store->snapshots = snapshot;
    pthread_mutex_unlock(&store->lock);
}

static void unlist(struct prom_store *store, const struct prom_snapshot *snapshot)
{
    pthread_mutex_lock(&store->lock);
    struct prom_snapshot **link = &store->snapshots;
    while (*link && *link != snapshot)
        link = &(*link)->next;
    if (*link)
        *link = snapshot->next;
    pthread_mutex_unlock(&store->lock);
}

uint64_t prom_snapshot_oldest(struct prom_store *store)
{
    pthread_mutex_lock(&store->lock);
    uint64_t oldest = store->exposed->number;
    for (const struct prom_snapshot *snapshot = store->snapshots; snapshot; snapshot = snapshot->next)
        oldest = snapshot->number < oldest ? snapshot->number : oldest;
    pthread_mutex_unlock(&store->lock);
    return oldest;
}

void prom_snapshot_unref(struct prom_snapshot *snapshot)
{
    if (!snapshot || atomic_fetch_sub(&snapshot->references, 1) != 1)
        return;
    unlist(snapshot->store, snapshot);
    prom_snapshot_free(keep_spare(snapshot->store, snapshot));
}

struct prom_snapshot *prom_snapshot_get(struct prom_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct prom_snapshot *snapshot = store->exposed;
    atomic_fetch_add(&snapshot->references, 1);
    pthread_mutex_unlock(&store->lock);
    return snapshot;
}

/* Makes room for all series, and for some that will come before the next cut. */
static bool fit_values(struct prom_values *sums, size_t count, struct prom_shape shape)
{
    sums->count = count;
    if (count * shape.slots <= sums->capacity)
        return true;
    free_values(sums);
    size_t capacity = (count + count / 4) * shape.slots;
    uint64_t *values = prom_big_new(capacity * sizeof *values, true);
    if (!values)
        return false;
    *sums = (struct prom_values){.count = count, .capacity = capacity, .values = values};
    return true;
}

/* Also touches the memory. The system gives memory page by page at the first write, and that would be in the cut. */
static void reserve(struct prom_values *sums, size_t count, struct prom_shape shape)
{
    if (count * shape.slots > sums->capacity && fit_values(sums, count, shape))
        memset(sums->values, 0, sums->capacity * sizeof *sums->values);
}

void prom_snapshot_reserve(struct prom_store *store)
{
    struct prom_snapshot *spare = keep_spare(store, NULL);
    if (!spare)
        spare = prom_snapshot_new(store);
    for (unsigned i = 0; spare && i < store->family_count; i++)
        reserve(&spare->families[i], prom_registry_count(&store->families[i].registry), store->families[i].shape);
    prom_snapshot_free(keep_spare(store, spare));
}

static void sum_up(const struct prom_store *store, unsigned family, struct prom_values *sums)
{
    bool is_first = true;
    for (unsigned i = 0; i < store->worker_count; i++) {
        if (!store->workers[i])
            continue;
        const struct prom_tally *tally = &store->workers[i]->tallies[family];
        if (is_first)
            prom_tally_copy_to(tally, sums->values, sums->count);
        else
            prom_tally_add_to(tally, sums->values, sums->count);
        is_first = false;
    }
    if (is_first)
        memset(sums->values, 0, sums->count * store->families[family].shape.slots * sizeof *sums->values);
}

struct prom_snapshot *prom_snapshot_take(struct prom_store *store, uint64_t number)
{
    struct prom_snapshot *snapshot = keep_spare(store, NULL);
    if (!snapshot)
        snapshot = prom_snapshot_new(store);
    if (!snapshot)
        return NULL;
    atomic_store(&snapshot->references, 1);
    snapshot->number = number;
    snapshot->cut_ms = prom_clock_ms();
    snapshot->cut_wall_ms = prom_clock_wall_ms();
    for (unsigned i = 0; i < store->family_count; i++) {
        const struct prom_family *family = &store->families[i];
        struct prom_values *sums = &snapshot->families[i];
        if (!fit_values(sums, prom_registry_count(&family->registry), family->shape)) {
            prom_snapshot_free(snapshot);
            return NULL;
        }
        sum_up(store, i, sums);
        memcpy(sums->ended, family->expire.ended, sizeof sums->ended);
        sums->ended_at = family->expire.ended_at;
    }
    list(store, snapshot);
    return snapshot;
}

struct prom_snapshot *prom_snapshot_zero(struct prom_store *store, uint64_t number)
{
    struct prom_snapshot *snapshot = prom_snapshot_new(store);
    if (!snapshot)
        return NULL;
    snapshot->number = number;
    for (unsigned i = 0; i < store->family_count; i++) {
        const struct prom_family *family = &store->families[i];
        struct prom_values *sums = &snapshot->families[i];
        if (!fit_values(sums, prom_registry_count(&family->registry), family->shape)) {
            prom_snapshot_free(snapshot);
            return NULL;
        }
        memset(sums->values, 0, sums->count * family->shape.slots * sizeof *sums->values);
    }
    list(store, snapshot);
    return snapshot;
}

void prom_snapshot_expose(struct prom_store *store, struct prom_snapshot *snapshot)
{
    pthread_mutex_lock(&store->lock);
    struct prom_snapshot *old = store->exposed;
    store->exposed = snapshot;
    pthread_mutex_unlock(&store->lock);
    prom_snapshot_unref(old);
}
