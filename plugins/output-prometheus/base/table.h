/*
 * Numbers by hash, with open addressing. The caller compares what the numbers stand for. One thread at a time adds,
 * under its owner's lock. Others look up at the same time without a lock. An array that became too small stays at
 * first. While nobody looks up, prom_table_retire() sets the array aside, which is quick. prom_table_sweep() frees
 * the array later.
 */
#ifndef OUTPUT_PROMETHEUS_TABLE_H
#define OUTPUT_PROMETHEUS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROM_TABLE_NONE UINT32_MAX

/* A slot: the hash in the upper half, the number plus one in the lower half; 0 is free. */
struct prom_slots {
    size_t mask;
    _Atomic uint64_t *slots;
    struct prom_slots *older;
};

struct prom_table {
    _Atomic(struct prom_slots *) current;
    size_t count;
    struct prom_slots *retired; /* only for the thread that calls retire and sweep */
};

/* 0, or -1 without memory. The caller frees in both cases. A zero-initialised table can be freed as well. */
int prom_table_init(struct prom_table *table);
void prom_table_fini(struct prom_table *table);

/* Adds a number, which must not be PROM_TABLE_NONE. 0, or -1 without memory. */
int prom_table_add(struct prom_table *table, uint32_t hash, uint32_t number);
/* Call while nobody looks up or adds. False: the number was not there. */
bool prom_table_remove(struct prom_table *table, uint32_t hash, uint32_t number);
/*
 * prom_table_retire sets aside the arrays that became too small; call it while nobody looks up or adds.
 * prom_table_sweep frees those arrays. One thread at a time.
 */
void prom_table_retire(struct prom_table *table);
void prom_table_sweep(struct prom_table *table);

/*
 * A look-up:  struct prom_probe probe = prom_probe_start(table, hash);
 *             while ((number = prom_probe_next(&probe)) != PROM_TABLE_NONE) ...
 */
struct prom_probe {
    const struct prom_slots *slots;
    size_t at;
    uint32_t hash;
};

static inline struct prom_probe prom_probe_start(const struct prom_table *table, uint32_t hash)
{
    const struct prom_slots *slots = atomic_load_explicit(&table->current, memory_order_acquire);
    return (struct prom_probe){.slots = slots, .at = hash & slots->mask, .hash = hash};
}

/* The next number with this hash. Everything written before the number was added can be read. */
static inline uint32_t prom_probe_next(struct prom_probe *probe)
{
    uint64_t slot;
    while ((slot = atomic_load_explicit(&probe->slots->slots[probe->at], memory_order_acquire))) {
        probe->at = (probe->at + 1) & probe->slots->mask;
        if (slot >> 32 == probe->hash)
            return (uint32_t)slot - 1;
    }
    return PROM_TABLE_NONE;
}

/* Prefetches the memory of the first slot. */
static inline void prom_table_fetch(const struct prom_table *table, uint32_t hash)
{
    const struct prom_slots *slots = atomic_load_explicit(&table->current, memory_order_acquire);
    __builtin_prefetch((const void *)&slots->slots[hash & slots->mask]);
}

#endif
