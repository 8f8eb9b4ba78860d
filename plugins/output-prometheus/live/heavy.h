/*
 * How much each key grew in one step, and which keys grew most. One thread. Beyond PROM_HEAVY_KEYS_MAX keys, the
 * growth of further keys is not recorded.
 */
#ifndef OUTPUT_PROMETHEUS_HEAVY_H
#define OUTPUT_PROMETHEUS_HEAVY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROM_HEAVY_KEYS_MAX 98304

struct prom_grown {
    uint64_t key;
    int64_t growth;
    int64_t most;    /* the growth of its heaviest series */
    uint32_t number; /* that series */
    bool is_used;
};

struct prom_heavy {
    struct prom_grown *slots;
    size_t capacity, count; /* a power of two, or none */
};

/* A zero-initialised table is empty. Without memory, or beyond the limit, a new key is left out. */
void prom_heavy_add(struct prom_heavy *heavy, uint64_t key, uint32_t number, int64_t growth);
const struct prom_grown *prom_heavy_find(const struct prom_heavy *heavy, uint64_t key); /* or NULL */
/* The heaviest keys that grew at all, in no order: at most max. Gives their number. */
size_t prom_heavy_top(const struct prom_heavy *heavy, const struct prom_grown **top, size_t max);
void prom_heavy_fini(struct prom_heavy *heavy);

#endif
