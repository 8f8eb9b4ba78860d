/* Series by key: adding them. Workers enter this file, under the lock. */
#include "series/registry.h"

#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/hash.h"
#include "base/big.h"

#define CACHE_LINE ((size_t)64)

/* The first chunk has a size that small installations do not fill: only the used part of it becomes resident. */
static char *chunk_new(const struct prom_registry *registry, uint32_t chunk)
{
    return prom_big_new(PROM_SERIES_CHUNK * registry->series_bytes, chunk > 0);
}

/* A series that nearly fills a line of the cache gets a whole line: then reading it is one miss, never two. */
static size_t series_bytes(unsigned words)
{
    size_t bytes = sizeof(struct prom_series) + words * sizeof(uint64_t);
    return bytes > CACHE_LINE * 3 / 4 && bytes < CACHE_LINE ? CACHE_LINE : bytes;
}

int prom_registry_init(struct prom_registry *registry, unsigned words, unsigned text_words, uint32_t max_series,
                       struct prom_intern *texts)
{
    *registry = (struct prom_registry){.words = words,
                                       .text_words = text_words,
                                       .series_bytes = series_bytes(words),
                                       .limit = max_series + 1,
                                       .texts = texts};
    pthread_mutex_init(&registry->lock, NULL);
    atomic_init(&registry->room, max_series);
    registry->chunks = calloc(registry->limit / PROM_SERIES_CHUNK + 1, sizeof *registry->chunks);
    if (!registry->chunks || prom_table_init(&registry->table))
        return -1;
    registry->chunks[0] = chunk_new(registry, 0);
    if (!registry->chunks[0])
        return -1;
    prom_series_set_created(registry, PROM_OTHER_SERIES, prom_clock_wall_ms());
    atomic_store(&registry->count, 1); /* 'other' */
    return 0;
}

void prom_registry_ration(struct prom_registry *registry, uint32_t room)
{
    registry->is_rationed = true;
    atomic_store(&registry->room, room);
}

static void drop_cells(const struct prom_registry *registry, uint32_t number)
{
    uint64_t *key = prom_series_at(registry, number)->key;
    for (unsigned i = 0; i < registry->words; i++) {
        fx_cell_unref(prom_key_cell(registry, key, i));
        key[i] = 0; /* the series may be given back without being given again */
    }
}

void prom_registry_fini(struct prom_registry *registry)
{
    uint32_t count = prom_registry_count(registry);
    for (uint32_t i = PROM_OTHER_SERIES + 1; i < count; i++)
        drop_cells(registry, i);
    for (uint32_t i = 0; registry->chunks && i <= registry->limit / PROM_SERIES_CHUNK; i++)
        prom_big_free(registry->chunks[i], PROM_SERIES_CHUNK * registry->series_bytes, i > 0);
    free(registry->chunks);
    free(registry->free);
    free(registry->again);
    prom_table_fini(&registry->table);
    pthread_mutex_destroy(&registry->lock);
}

static void hold_cells(const struct prom_registry *registry, const uint64_t *key)
{
    for (unsigned i = 0; i < registry->words; i++) {
        struct fx_cell *cell = prom_key_cell(registry, key, i);
        if (cell)
            fx_cell_ref(cell);
    }
}

/* The texts in the key, including those of waiting words. */
static void for_texts(const struct prom_registry *registry, const uint64_t *key,
                      void (*call)(struct prom_intern *texts, uint32_t number))
{
    for (unsigned i = 0; registry->texts && i < registry->words; i++)
        if (registry->text_words >> i & 1 && key[i] & PROM_KEY_TEXT)
            call(registry->texts, (uint32_t)key[i]);
}

static bool is_waiting(const struct prom_registry *registry, const uint64_t *key)
{
    for (unsigned i = 0; i < registry->words; i++)
        if (prom_key_waits(registry, key, i))
            return true;
    return false;
}

/* The number that a new series will get, without taking it. PROM_SERIES_NONE: there is none, or no memory. */
static uint32_t pick(struct prom_registry *registry)
{
    uint32_t number = prom_registry_count(registry);
    if (prom_registry_is_full(registry)) /* it may have become full before the lock was taken */
        return PROM_SERIES_NONE;
    if (registry->free_count)
        return registry->free[registry->free_count - 1];
    if (number >= registry->limit)
        return PROM_SERIES_NONE;
    char **chunk = &registry->chunks[number / PROM_SERIES_CHUNK];
    return *chunk || (*chunk = chunk_new(registry, number / PROM_SERIES_CHUNK)) ? number : PROM_SERIES_NONE;
}

/* The count is raised after the whole series is written: readers of the count may read the series. */
static void take(struct prom_registry *registry, uint32_t number)
{
    if (registry->free_count)
        registry->again[registry->again_count++] = registry->free[--registry->free_count];
    else
        atomic_store_explicit(&registry->count, number + 1, memory_order_release);
    registry->made++;
    registry->live++;
    atomic_fetch_sub_explicit(&registry->room, 1, memory_order_release);
}

static uint32_t add(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    uint32_t number = pick(registry);
    if (number == PROM_SERIES_NONE)
        return PROM_OTHER_SERIES;
    struct prom_series *series = prom_series_at(registry, number);
    memcpy(series->key, key, registry->words * sizeof *key);
    prom_standing_hold(&series->standing, prom_clock_ms());
    prom_series_set_created(registry, number, prom_clock_wall_ms());
    if (prom_table_add(&registry->table, hash, number))
        return PROM_OTHER_SERIES;
    hold_cells(registry, key);
    for_texts(registry, key, prom_intern_use);
    if (is_waiting(registry, key))
        atomic_fetch_add(&registry->waiting, 1);
    take(registry, number);
    return number;
}

/* The key with its cells replaced by the keys of the cells. False: it has no cell, or nothing waits for one of them. */
static bool make_waiting_key(const struct prom_registry *registry, const uint64_t *key, uint64_t *waiting)
{
    bool has_cell = false;
    for (unsigned i = 0; i < registry->words; i++) {
        const struct fx_cell *cell = prom_key_cell(registry, key, i);
        waiting[i] = key[i];
        if (!cell)
            continue;
        size_t size;
        const char *text = fx_cell_key(cell, &size);
        uint32_t number = size ? prom_intern_get(registry->texts, text, size, false) : PROM_TEXT_NONE;
        if (number == PROM_TEXT_NONE)
            return false;
        waiting[i] = PROM_KEY_TEXT | PROM_KEY_WAITING | number;
        has_cell = true;
    }
    return has_cell;
}

/*
 * Gives a restored series its cells. Its key changes while other workers may look the series up. They never look for
 * a waiting key, and a mixture of both keys matches no key. So they find the series, or they come here as well.
 */
static uint32_t wake(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    uint64_t waiting[PROM_LABELS_MAX];
    if (!registry->waiting || !make_waiting_key(registry, key, waiting))
        return PROM_SERIES_NONE;
    uint32_t number = prom_registry_find(registry, waiting, prom_hash_words(waiting, registry->words));
    if (number == PROM_SERIES_NONE || prom_table_add(&registry->table, hash, number))
        return PROM_SERIES_NONE;
    hold_cells(registry, key);
    uint64_t *own = prom_series_at(registry, number)->key;
    for (unsigned i = 0; i < registry->words; i++)
        __atomic_store_n(&own[i], key[i], __ATOMIC_RELEASE);
    atomic_fetch_or_explicit(&prom_series_at(registry, number)->created, PROM_SERIES_WOKEN, memory_order_relaxed);
    atomic_fetch_sub(&registry->waiting, 1);
    return number;
}

/*
 * Called without the lock. Slots stay in the table, so the result is true for every key that a series waits for, and
 * for few others.
 */
static bool may_be_waited_for(const struct prom_registry *registry, const uint64_t *key)
{
    uint64_t waiting[PROM_LABELS_MAX];
    if (!make_waiting_key(registry, key, waiting))
        return false;
    struct prom_probe probe = prom_probe_start(&registry->table, prom_hash_words(waiting, registry->words));
    return prom_probe_next(&probe) != PROM_TABLE_NONE;
}

/* Under the lock, so that a worker that finds a series just added by another one takes no place. */
static uint32_t add_in_place(struct prom_registry *registry, const uint64_t *key, uint32_t hash,
                             _Atomic uint32_t *places)
{
    uint32_t left = places ? atomic_load_explicit(places, memory_order_relaxed) : 1;
    uint32_t number = left ? add(registry, key, hash) : PROM_OTHER_SERIES;
    if (places && number != PROM_OTHER_SERIES)
        atomic_store_explicit(places, left - 1, memory_order_relaxed);
    return number;
}

static uint32_t get(struct prom_registry *registry, const uint64_t *key, uint32_t hash, bool may_add,
                    _Atomic uint32_t *places)
{
    /* Read before the look-up, which then finds the last series that was added or got its cells. */
    bool is_full = !may_add || prom_registry_is_full(registry);
    bool none_waits = !atomic_load_explicit(&registry->waiting, memory_order_acquire);
    uint32_t number = prom_registry_find(registry, key, hash);
    if (number != PROM_SERIES_NONE)
        return number;
    if (is_full && (none_waits || !may_be_waited_for(registry, key)))
        return PROM_OTHER_SERIES;
    pthread_mutex_lock(&registry->lock);
    number = prom_registry_find(registry, key, hash);
    if (number == PROM_SERIES_NONE)
        number = wake(registry, key, hash);
    if (number == PROM_SERIES_NONE)
        number = may_add ? add_in_place(registry, key, hash, places) : PROM_OTHER_SERIES;
    pthread_mutex_unlock(&registry->lock);
    return number;
}

uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    return get(registry, key, hash, true, NULL);
}

uint32_t prom_registry_get_in_place(struct prom_registry *registry, const uint64_t *key, uint32_t hash,
                                    _Atomic uint32_t *places)
{
    return get(registry, key, hash, true, places);
}

uint32_t prom_registry_get_old(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    return get(registry, key, hash, false, NULL);
}

/* Whether the series has this key, or had it before it got its cells. */
static bool is_canonical(const struct prom_registry *registry, uint32_t number, const uint64_t *key)
{
    const uint64_t *own = prom_series_at(registry, number)->key;
    uint64_t waiting[PROM_LABELS_MAX];
    return prom_key_equal(own, key, registry->words) ||
           (make_waiting_key(registry, own, waiting) && prom_key_equal(waiting, key, registry->words));
}

uint32_t prom_registry_restore(struct prom_registry *registry, const uint64_t *key)
{
    uint32_t hash = prom_hash_words(key, registry->words), number;
    struct prom_probe probe = prom_probe_start(&registry->table, hash);
    pthread_mutex_lock(&registry->lock);
    while ((number = prom_probe_next(&probe)) != PROM_TABLE_NONE && !is_canonical(registry, number, key))
        ;
    if (number == PROM_SERIES_NONE)
        number = add(registry, key, hash);
    pthread_mutex_unlock(&registry->lock);
    return number;
}

/* ---- series that end */

void prom_registry_locate(const struct prom_registry *registry, struct prom_registry_place *place)
{
    const struct prom_series *series = prom_series_at(registry, place->number);
    uint64_t waiting[PROM_LABELS_MAX];
    place->hash = prom_hash_words(series->key, registry->words);
    place->has_waiting = atomic_load_explicit(&series->created, memory_order_relaxed) & PROM_SERIES_WOKEN &&
                         make_waiting_key(registry, series->key, waiting);
    if (place->has_waiting)
        place->waiting_hash = prom_hash_words(waiting, registry->words);
}

bool prom_registry_take_out(struct prom_registry *registry, const struct prom_registry_place *place)
{
    const uint64_t *key = prom_series_at(registry, place->number)->key;
    if (prom_hash_words(key, registry->words) != place->hash ||
        !prom_table_remove(&registry->table, place->hash, place->number))
        return false;
    if (place->has_waiting)
        prom_table_remove(&registry->table, place->waiting_hash, place->number);
    if (is_waiting(registry, key))
        atomic_fetch_sub(&registry->waiting, 1);
    registry->live--;
    if (registry->is_rationed)
        atomic_fetch_add(&registry->room, 1);
    return true;
}

/* Makes room for one more free number. Every free number can be given again, so both arrays get the same room. */
static int reserve_number(struct prom_registry *registry)
{
    size_t wanted = registry->free_count + registry->again_count + 1;
    size_t room[2] = {registry->free_capacity, registry->free_capacity};
    if (wanted <= registry->free_capacity)
        return 0;
    if (PROM_GROW(registry->free, &room[0], wanted) || PROM_GROW(registry->again, &room[1], wanted))
        return -1;
    registry->free_capacity = room[0];
    return 0;
}

static void let_go(const struct prom_registry *registry, uint32_t number)
{
    struct prom_series *series = prom_series_at(registry, number);
    uint64_t waiting[PROM_LABELS_MAX];
    bool was_woken = atomic_load_explicit(&series->created, memory_order_relaxed) & PROM_SERIES_WOKEN;
    if (was_woken && make_waiting_key(registry, series->key, waiting))
        for_texts(registry, waiting, prom_intern_leave);
    else
        for_texts(registry, series->key, prom_intern_leave);
    drop_cells(registry, number);
}

int prom_registry_give_back(struct prom_registry *registry, uint32_t number)
{
    pthread_mutex_lock(&registry->lock);
    int rc = reserve_number(registry);
    if (!rc) {
        struct prom_series *series = prom_series_at(registry, number);
        let_go(registry, number);
        prom_standing_hold(&series->standing, 0);
        atomic_store_explicit(&series->created, 0, memory_order_relaxed);
        registry->free[registry->free_count++] = number;
        if (!registry->is_rationed)
            atomic_fetch_add_explicit(&registry->room, 1, memory_order_release);
    }
    pthread_mutex_unlock(&registry->lock);
    return rc;
}

size_t prom_registry_may_give_again(struct prom_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    size_t count = registry->free_count + registry->again_count;
    pthread_mutex_unlock(&registry->lock);
    return count;
}

size_t prom_registry_given_again(struct prom_registry *registry, uint32_t *to)
{
    size_t count = registry->again_count;
    if (count)
        memcpy(to, registry->again, count * sizeof *to);
    registry->again_count = 0;
    return count;
}
