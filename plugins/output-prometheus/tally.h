/*
 * What one worker counted for one metric: a value a series, and the worker's own
 * way from a key to a series. No lock: the worker's thread, or while it stands still.
 */
#ifndef OUTPUT_PROMETHEUS_TALLY_H
#define OUTPUT_PROMETHEUS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "registry.h"

struct prom_tally {
    struct prom_tally_slot {
        uint32_t hash;
        uint32_t number; /* of the series, plus one; 0: free */
    } * slots;
    size_t mask, count;
    uint64_t *values; /* by series */
    size_t capacity;
};

/* 0, or -1 without memory. To be freed in both cases. */
int prom_tally_init(struct prom_tally *tally);
void prom_tally_fini(struct prom_tally *tally);

/* The series of a key that this worker has seen, or PROM_SERIES_NONE. */
uint32_t prom_tally_find(const struct prom_tally *tally, const struct prom_registry *registry, const uint64_t *key,
                         uint32_t hash);
/* Makes room for the value of a series, and remembers its key's hash unless it is 'other'. False without memory. */
bool prom_tally_learn(struct prom_tally *tally, uint32_t hash, uint32_t number);

/* Sums never wrap: they stay at the largest number. */
static inline uint64_t prom_sum(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Adds the values to sums, which has room for count series. */
void prom_tally_add_to(const struct prom_tally *tally, uint64_t *sums, size_t count);
/* The values become these, all others zero. False without memory. */
bool prom_tally_set(struct prom_tally *tally, const uint64_t *values, size_t count);

/* Asks for the memory that find will look at: first the slot, then what the slot names. */
static inline void prom_tally_fetch_slot(const struct prom_tally *tally, uint32_t hash)
{
    __builtin_prefetch(&tally->slots[hash & tally->mask]);
}

static inline void prom_tally_fetch_series(const struct prom_tally *tally, const struct prom_registry *registry,
                                           uint32_t hash)
{
    uint32_t number = tally->slots[hash & tally->mask].number;
    if (!number)
        return;
    __builtin_prefetch(prom_series_at(registry, number - 1)->key);
    __builtin_prefetch(&tally->values[number - 1], 1);
}

#endif
