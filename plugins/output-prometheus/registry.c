/* Series by key: the side that adds. Workers, under the lock. */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "clock.h"
#include "hash.h"
#include "pages.h"

#define CACHE_LINE ((size_t)64)

/* The first chunk is of a size that small installations do not fill: only what is used of it becomes resident. */
static char *chunk_new(const struct prom_registry *registry, uint32_t chunk)
{
    return prom_pages_new(PROM_SERIES_CHUNK * registry->series_bytes, chunk > 0);
}

/* A series that nearly fills a line of the cache gets one of its own: then it is one miss, never two. */
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

static void drop_cells(const struct prom_registry *registry, uint32_t number)
{
    for (unsigned i = 0; i < registry->words; i++)
        fx_cell_unref(prom_key_cell(registry, prom_series_at(registry, number)->key, i));
}

void prom_registry_fini(struct prom_registry *registry)
{
    uint32_t count = prom_registry_count(registry);
    for (uint32_t i = PROM_OTHER_SERIES + 1; i < count; i++)
        drop_cells(registry, i);
    for (uint32_t i = 0; registry->chunks && i <= registry->limit / PROM_SERIES_CHUNK; i++)
        prom_pages_free(registry->chunks[i], PROM_SERIES_CHUNK * registry->series_bytes, i > 0);
    free(registry->chunks);
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

static bool is_waiting(const struct prom_registry *registry, const uint64_t *key)
{
    for (unsigned i = 0; i < registry->words; i++)
        if (prom_key_waits(registry, key, i))
            return true;
    return false;
}

/* Counted, and to be found, from when everything of it is written: who reads the count may read the series. */
static uint32_t add(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    uint32_t number = prom_registry_count(registry);
    if (number >= registry->limit)
        return PROM_OTHER_SERIES;
    char **chunk = &registry->chunks[number / PROM_SERIES_CHUNK];
    if (!*chunk && !(*chunk = chunk_new(registry, number / PROM_SERIES_CHUNK)))
        return PROM_OTHER_SERIES;
    struct prom_series *series = prom_series_at(registry, number);
    memcpy(series->key, key, registry->words * sizeof *key);
    series->since = (uint32_t)prom_clock_ms();
    prom_series_set_created(registry, number, prom_clock_wall_ms());
    if (prom_table_add(&registry->table, hash, number))
        return PROM_OTHER_SERIES;
    hold_cells(registry, key);
    if (is_waiting(registry, key))
        atomic_fetch_add(&registry->waiting, 1);
    atomic_store_explicit(&registry->count, number + 1, memory_order_release);
    return number;
}

/* The key with the keys of its cells in their places. False: it has no cell, or nothing waits for one of them. */
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
 * A series that was restored gets its cells. Its key changes while others may look it up, but what they look for is
 * never a waiting key, and a mixture of both is nobody's key: they find the series, or they come here, too.
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
    atomic_fetch_sub(&registry->waiting, 1);
    return number;
}

/* Without the lock. Slots stay in the table, so this is true of every key that a series waits for, and of few others. */
static bool may_be_waited_for(const struct prom_registry *registry, const uint64_t *key)
{
    uint64_t waiting[PROM_LABELS_MAX];
    if (!make_waiting_key(registry, key, waiting))
        return false;
    struct prom_probe probe = prom_probe_start(&registry->table, prom_hash_words(waiting, registry->words));
    return prom_probe_next(&probe) != PROM_TABLE_NONE;
}

uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    /* Before the look-up, which then finds the last series that was added or got its cells. */
    bool is_full = prom_registry_is_full(registry);
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
        number = add(registry, key, hash);
    pthread_mutex_unlock(&registry->lock);
    return number;
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
