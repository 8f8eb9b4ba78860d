/*
 * An open-addressing map from a number to a pointer: the workers' caches, the table's index and the names of files.
 * The map has no lock: its owner provides one. The map never owns the values. NULL is not a value.
 */
#ifndef WHOIS_MAP_H
#define WHOIS_MAP_H

#include <stddef.h>
#include <stdint.h>

struct whois_slot {
    uint64_t key;
    void *value; /* NULL: the slot is free */
};

struct whois_map {
    struct whois_slot *slots;
    size_t mask; /* number of slots, a power of two, less one */
    size_t count;
    uint64_t seed; /* AS numbers come from strangers, who must not choose our collisions */
};

/* 0 or FX_ENOMEM. */
int whois_map_init(struct whois_map *map);
void whois_map_fini(struct whois_map *map);
/* Stores value under key, and replaces an older value. 0 or FX_ENOMEM; then the map is unchanged. */
int whois_map_put(struct whois_map *map, uint64_t key, void *value);
/* Makes room for count keys at once. 0 or FX_ENOMEM. */
int whois_map_reserve(struct whois_map *map, size_t count);
/* Removes key, if present. */
void whois_map_remove(struct whois_map *map, uint64_t key);
/* Removes everything but keeps the memory. */
void whois_map_clear(struct whois_map *map);

static inline size_t whois_map_hash(const struct whois_map *map, uint64_t key)
{
    uint64_t x = (key ^ map->seed) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return (size_t)(x ^ (x >> 32));
}

static inline void *whois_map_find(const struct whois_map *map, uint64_t key)
{
    size_t i = whois_map_hash(map, key) & map->mask;
    while (map->slots[i].value && map->slots[i].key != key)
        i = (i + 1) & map->mask;
    return map->slots[i].value;
}

#endif
