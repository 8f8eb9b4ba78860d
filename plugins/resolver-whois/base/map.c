/*
 * The parts of the map that records do not wait for: growing, clearing. At most half of the slots are taken, so that
 * probes stay short.
 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <flow-exporter/error.h>

#define FIRST_SLOTS 64

static void put_slot(struct whois_map *map, uint64_t key, void *value)
{
    size_t i = whois_map_hash(map, key) & map->mask;
    while (map->slots[i].value && map->slots[i].key != key)
        i = (i + 1) & map->mask;
    if (!map->slots[i].value)
        map->count++;
    map->slots[i] = (struct whois_slot){.key = key, .value = value};
}

static int grow(struct whois_map *map, size_t slot_count)
{
    struct whois_map bigger = {.mask = slot_count - 1, .seed = map->seed};
    bigger.slots = calloc(slot_count, sizeof(*bigger.slots));
    if (!bigger.slots)
        return FX_ENOMEM;
    if (map->slots) {
        for (size_t i = 0; i <= map->mask; i++) {
            if (map->slots[i].value)
                put_slot(&bigger, map->slots[i].key, map->slots[i].value);
        }
    }
    free(map->slots);
    *map = bigger;
    return 0;
}

int whois_map_init(struct whois_map *map)
{
    *map = (struct whois_map){0};
    /* Without randomness (early at boot) the map works as well, but an attacker can guess its collisions. */
    if (getrandom(&map->seed, sizeof(map->seed), GRND_NONBLOCK) != (ssize_t)sizeof(map->seed))
        map->seed = UINT64_C(0x2545f4914f6cdd1d);
    return grow(map, FIRST_SLOTS);
}

int whois_map_reserve(struct whois_map *map, size_t count)
{
    size_t slots = map->mask + 1;
    while (slots < 2 * count)
        slots *= 2;
    return slots > map->mask + 1 ? grow(map, slots) : 0;
}

void whois_map_fini(struct whois_map *map)
{
    free(map->slots);
    *map = (struct whois_map){0};
}

int whois_map_put(struct whois_map *map, uint64_t key, void *value)
{
    if ((map->count + 1) * 2 > map->mask + 1) {
        int rc = grow(map, (map->mask + 1) * 2);
        if (rc < 0)
            return rc;
    }
    put_slot(map, key, value);
    return 0;
}

/* Entries behind the gap move up, as far as their own place allows. */
void whois_map_remove(struct whois_map *map, uint64_t key)
{
    size_t gap = whois_map_hash(map, key) & map->mask;
    while (map->slots[gap].value && map->slots[gap].key != key)
        gap = (gap + 1) & map->mask;
    if (!map->slots[gap].value)
        return;
    map->count--;
    for (size_t i = (gap + 1) & map->mask; map->slots[i].value; i = (i + 1) & map->mask) {
        size_t home = whois_map_hash(map, map->slots[i].key) & map->mask;
        if (((i - home) & map->mask) < ((i - gap) & map->mask))
            continue;
        map->slots[gap] = map->slots[i];
        gap = i;
    }
    map->slots[gap].value = NULL;
}

void whois_map_clear(struct whois_map *map)
{
    memset(map->slots, 0, (map->mask + 1) * sizeof(*map->slots));
    map->count = 0;
}
