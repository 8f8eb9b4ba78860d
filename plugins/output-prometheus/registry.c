/* Series by key. Workers on a miss of their own table, and the checkpoint's owner; under the lock. */
#include "registry.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024
#define TEXT_BLOCK  ((size_t)256 * 1024)

int prom_registry_init(struct prom_registry *registry, uint32_t max_series)
{
    *registry = (struct prom_registry){.limit = max_series + 1, .mask = FIRST_SLOTS - 1};
    pthread_mutex_init(&registry->lock, NULL);
    registry->chunk_count = registry->limit / PROM_SERIES_CHUNK + 1;
    registry->chunks = calloc(registry->chunk_count, sizeof *registry->chunks);
    registry->slots = calloc(FIRST_SLOTS, sizeof *registry->slots);
    if (!registry->chunks || !registry->slots)
        return -1;
    registry->chunks[0] = calloc(PROM_SERIES_CHUNK, sizeof **registry->chunks);
    registry->count = 1; /* 'other' */
    return registry->chunks[0] ? 0 : -1;
}

void prom_registry_fini(struct prom_registry *registry)
{
    for (size_t i = 0; registry->chunks && i < registry->chunk_count; i++)
        free(registry->chunks[i]);
    for (void *block = registry->text_blocks, *next; block; block = next) {
        memcpy(&next, block, sizeof next);
        free(block);
    }
    free(registry->chunks);
    free(registry->slots);
    free(registry->held);
    pthread_mutex_destroy(&registry->lock);
}

static void place(struct prom_registry_slot *slots, size_t mask, uint32_t hash, uint32_t number)
{
    size_t at = hash & mask;
    while (slots[at].number)
        at = (at + 1) & mask;
    slots[at] = (struct prom_registry_slot){.hash = hash, .number = number + 1};
}

static bool make_room(struct prom_registry *registry)
{
    size_t slots = registry->mask + 1;
    if ((size_t)registry->count * 4 <= slots * 3)
        return true;
    struct prom_registry_slot *bigger = calloc(slots * 2, sizeof *bigger);
    if (!bigger)
        return false;
    for (size_t i = 0; i < slots; i++)
        if (registry->slots[i].number)
            place(bigger, slots * 2 - 1, registry->slots[i].hash, registry->slots[i].number - 1);
    free(registry->slots);
    registry->slots = bigger;
    registry->mask = slots * 2 - 1;
    return true;
}

static bool hold(struct prom_registry *registry, uint32_t number, int64_t now_ms)
{
    if (registry->held_count == registry->held_capacity) {
        size_t capacity = registry->held_capacity ? registry->held_capacity * 2 : 256;
        struct prom_held *bigger = realloc(registry->held, capacity * sizeof *bigger);
        if (!bigger)
            return false;
        registry->held = bigger;
        registry->held_capacity = capacity;
    }
    registry->held[registry->held_count++] = (struct prom_held){.number = number, .since_ms = now_ms};
    return true;
}

static uint32_t find(const struct prom_registry *registry, const uint64_t *key, uint32_t hash)
{
    for (size_t at = hash & registry->mask; registry->slots[at].number; at = (at + 1) & registry->mask) {
        uint32_t number = registry->slots[at].number - 1;
        if (registry->slots[at].hash == hash &&
            memcmp(prom_series_at(registry, number)->key, key, PROM_KEY_WORDS * sizeof *key) == 0)
            return number;
    }
    return UINT32_MAX;
}

/* Without memory, as beyond the limit, a record goes to 'other': the sum stays exact. */
static uint32_t add(struct prom_registry *registry, const uint64_t *key, uint32_t hash, int64_t now_ms, bool *is_new)
{
    uint32_t number = registry->count;
    if (number == registry->limit || !make_room(registry))
        return PROM_OTHER_SERIES;
    struct prom_series **chunk = &registry->chunks[number / PROM_SERIES_CHUNK];
    if (!*chunk && !(*chunk = calloc(PROM_SERIES_CHUNK, sizeof **chunk)))
        return PROM_OTHER_SERIES;
    if (!hold(registry, number, now_ms))
        return PROM_OTHER_SERIES;
    memcpy(prom_series_at(registry, number)->key, key, PROM_KEY_WORDS * sizeof *key);
    place(registry->slots, registry->mask, hash, number);
    registry->count++;
    *is_new = true;
    return number;
}

uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash, int64_t now_ms,
                           bool *is_new)
{
    *is_new = false;
    pthread_mutex_lock(&registry->lock);
    uint32_t number = find(registry, key, hash);
    if (number == UINT32_MAX)
        number = add(registry, key, hash, now_ms, is_new);
    pthread_mutex_unlock(&registry->lock);
    return number;
}

char *prom_registry_text(struct prom_registry *registry, size_t size)
{
    if (registry->text_left < size) {
        size_t block_size = size + sizeof(void *) > TEXT_BLOCK ? size + sizeof(void *) : TEXT_BLOCK;
        char *block = malloc(block_size);
        if (!block)
            return NULL;
        memcpy(block, &registry->text_blocks, sizeof(void *));
        registry->text_blocks = block;
        registry->text_at = block + sizeof(void *);
        registry->text_left = block_size - sizeof(void *);
    }
    char *text = registry->text_at;
    registry->text_at += size;
    registry->text_left -= size;
    return text;
}

uint32_t prom_registry_count(struct prom_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    uint32_t count = registry->count;
    pthread_mutex_unlock(&registry->lock);
    return count;
}
