/*
 * Numbers by hash, open addressing; whoever asks compares what the numbers stand for. One thread at a time adds
 * (under its owner's lock); others look up beside it without a lock. An array that became too small stays: when nobody
 * looks up, prom_table_retire() sets it aside, which is quick, and prom_table_sweep() frees what was set aside later.
 */
#ifndef OUTPUT_PROMETHEUS_TABLE_H
#define OUTPUT_PROMETHEUS_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROM_TABLE_NONE UINT32_MAX

/* A slot: the hash above, the number plus one below; 0 is free. */
struct prom_slots {
    size_t mask;
    _Atomic uint64_t *slots;
    struct prom_slots *older;
};

struct prom_table {
    _Atomic(struct prom_slots *) current;
    size_t count;
    struct prom_slots *retired; /* of who calls retire and sweep */
};

/* 0, or -1 without memory. To be freed in both cases. Zero-initialised can be freed, too. */
int prom_table_init(struct prom_table *table);
void prom_table_fini(struct prom_table *table);

/* Adds a number, which must not be PROM_TABLE_NONE. 0, or -1 without memory. */
int prom_table_add(struct prom_table *table, uint32_t hash, uint32_t number);
/* While nobody looks up or adds. False: it was not there. */
bool prom_table_remove(struct prom_table *table, uint32_t hash, uint32_t number);
/* While nobody looks up or adds: sets the arrays aside that became too small. Then: frees them. One thread at a time. */
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

/* The next number with this hash. What was written before its number was added can be read. */
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

/* Asks for the memory of the first slot. */
static inline void prom_table_fetch(const struct prom_table *table, uint32_t hash)
{
    const struct prom_slots *slots = atomic_load_explicit(&table->current, memory_order_acquire);
    __builtin_prefetch((const void *)&slots->slots[hash & slots->mask]);
}

#endif
