/* Series by key. Workers, for a key that their own table does not have; under the lock. */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "clock.h"

#define FIRST_SLOTS 1024

int prom_registry_init(struct prom_registry *registry, unsigned words, unsigned text_words, uint32_t max_series)
{
    *registry = (struct prom_registry){.words = words,
                                       .text_words = text_words,
                                       .series_bytes = sizeof(struct prom_series) + words * sizeof(uint64_t),
                                       .limit = max_series + 1,
                                       .mask = FIRST_SLOTS - 1};
    pthread_mutex_init(&registry->lock, NULL);
    registry->chunks = calloc(registry->limit / PROM_SERIES_CHUNK + 1, sizeof *registry->chunks);
    registry->slots = calloc(FIRST_SLOTS, sizeof *registry->slots);
    if (!registry->chunks || !registry->slots)
        return -1;
    registry->chunks[0] = calloc(PROM_SERIES_CHUNK, registry->series_bytes);
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
    for (uint32_t i = 0; i < count; i += PROM_SERIES_CHUNK)
        free(registry->chunks[i / PROM_SERIES_CHUNK]);
    free(registry->chunks);
    free(registry->slots);
    pthread_mutex_destroy(&registry->lock);
}

static void place(struct prom_registry_slot *slots, size_t mask, uint32_t hash, uint32_t number)
{
    size_t at = hash & mask;
    while (slots[at].number)
        at = (at + 1) & mask;
    slots[at] = (struct prom_registry_slot){.hash = hash, .number = number + 1};
}

/* Twice the slots when three quarters are taken. */
static int make_room(struct prom_registry *registry, uint32_t count)
{
    size_t slots = registry->mask + 1;
    if ((size_t)count * 4 <= slots * 3)
        return 0;
    struct prom_registry_slot *bigger = calloc(slots * 2, sizeof *bigger);
    if (!bigger)
        return -1;
    for (size_t i = 0; i < slots; i++)
        if (registry->slots[i].number)
            place(bigger, slots * 2 - 1, registry->slots[i].hash, registry->slots[i].number - 1);
    free(registry->slots);
    registry->slots = bigger;
    registry->mask = slots * 2 - 1;
    return 0;
}

static uint32_t find(const struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    for (size_t at = hash & registry->mask; registry->slots[at].number; at = (at + 1) & registry->mask) {
        uint32_t number = registry->slots[at].number - 1;
        if (registry->slots[at].hash == hash &&
            memcmp(prom_series_at(registry, number)->key, key, registry->words * sizeof *key) == 0)
            return number;
    }
    return PROM_SERIES_NONE;
}

/* Counted from when everything of it is written: who reads the count may read the series. */
static uint32_t add(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    uint32_t number = prom_registry_count(registry);
    if (number >= registry->limit || make_room(registry, number))
        return PROM_OTHER_SERIES;
    char **chunk = &registry->chunks[number / PROM_SERIES_CHUNK];
    if (!*chunk && !(*chunk = calloc(PROM_SERIES_CHUNK, registry->series_bytes)))
        return PROM_OTHER_SERIES;
    struct prom_series *series = prom_series_at(registry, number);
    memcpy(series->key, key, registry->words * sizeof *key);
    series->since = (uint32_t)prom_clock_ms();
    for (unsigned i = 0; i < registry->words; i++) {
        struct fx_cell *cell = prom_key_cell(registry, key, i);
        if (cell)
            fx_cell_ref(cell);
    }
    place(registry->slots, registry->mask, hash, number);
    atomic_store_explicit(&registry->count, number + 1, memory_order_release);
    return number;
}

uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    pthread_mutex_lock(&registry->lock);
    uint32_t number = find(registry, key, hash);
    if (number == PROM_SERIES_NONE)
        number = add(registry, key, hash);
    pthread_mutex_unlock(&registry->lock);
    return number;
}
