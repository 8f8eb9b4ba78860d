/* Series by key: the side that adds. Workers, under the lock. */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "clock.h"
#include "pages.h"

/* The first chunk is of a size that small installations do not fill: only what is used of it becomes resident. */
static char *chunk_new(const struct prom_registry *registry, uint32_t chunk)
{
    return prom_pages_new(PROM_SERIES_CHUNK * registry->series_bytes, chunk > 0);
}

int prom_registry_init(struct prom_registry *registry, unsigned words, unsigned text_words, uint32_t max_series)
{
    *registry = (struct prom_registry){.words = words,
                                       .text_words = text_words,
                                       .series_bytes = sizeof(struct prom_series) + words * sizeof(uint64_t),
                                       .limit = max_series + 1};
    pthread_mutex_init(&registry->lock, NULL);
    registry->chunks = calloc(registry->limit / PROM_SERIES_CHUNK + 1, sizeof *registry->chunks);
    if (!registry->chunks || prom_table_init(&registry->table))
        return -1;
    registry->chunks[0] = chunk_new(registry, 0);
    if (!registry->chunks[0])
        return -1;
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
    if (prom_table_add(&registry->table, hash, number))
        return PROM_OTHER_SERIES;
    for (unsigned i = 0; i < registry->words; i++) {
        struct fx_cell *cell = prom_key_cell(registry, key, i);
        if (cell)
            fx_cell_ref(cell);
    }
    atomic_store_explicit(&registry->count, number + 1, memory_order_release);
    return number;
}

uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    bool is_full = prom_registry_is_full(registry);
    uint32_t number = prom_registry_find(registry, key, hash);
    if (number != PROM_SERIES_NONE)
        return number;
    if (is_full)
        return PROM_OTHER_SERIES;
    pthread_mutex_lock(&registry->lock);
    number = prom_registry_find(registry, key, hash);
    if (number == PROM_SERIES_NONE)
        number = add(registry, key, hash);
    pthread_mutex_unlock(&registry->lock);
    return number;
}
