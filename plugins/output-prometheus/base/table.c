/* Numbers by hash: adding them. Under the lock of the table's owner. */
#include "base/table.h"

#include <stdlib.h>

#include "base/big.h"

#define FIRST_SLOTS 1024

static struct prom_slots *slots_new(size_t count)
{
    struct prom_slots *slots = calloc(1, sizeof *slots);
    if (!slots)
        return NULL;
    slots->mask = count - 1;
    slots->slots = prom_big_new(count * sizeof *slots->slots, true);
    if (slots->slots)
        return slots;
    free(slots);
    return NULL;
}

int prom_table_init(struct prom_table *table)
{
    *table = (struct prom_table){.current = NULL};
    struct prom_slots *first = slots_new(FIRST_SLOTS);
    atomic_init(&table->current, first);
    return first ? 0 : -1;
}

static void free_all(struct prom_slots *slots)
{
    for (struct prom_slots *older; slots; slots = older) {
        older = slots->older;
        prom_big_free((void *)slots->slots, (slots->mask + 1) * sizeof *slots->slots, true);
        free(slots);
    }
}

void prom_table_fini(struct prom_table *table)
{
    prom_table_sweep(table);
    free_all(atomic_load(&table->current));
    atomic_store(&table->current, NULL);
}

void prom_table_retire(struct prom_table *table)
{
    struct prom_slots *current = atomic_load(&table->current);
    struct prom_slots **end = &table->retired;
    while (*end)
        end = &(*end)->older;
    *end = current->older;
    current->older = NULL;
}

void prom_table_sweep(struct prom_table *table)
{
    free_all(table->retired);
    table->retired = NULL;
}

static void place(struct prom_slots *slots, uint64_t slot)
{
    size_t at = slot >> 32 & slots->mask;
    while (atomic_load_explicit(&slots->slots[at], memory_order_relaxed))
        at = (at + 1) & slots->mask;
    atomic_store_explicit(&slots->slots[at], slot, memory_order_release);
}

/* Doubles the slots when three quarters are taken. */
static struct prom_slots *with_room(struct prom_table *table)
{
    struct prom_slots *slots = atomic_load_explicit(&table->current, memory_order_relaxed);
    if ((table->count + 1) * 4 <= (slots->mask + 1) * 3)
        return slots;
    struct prom_slots *bigger = slots_new((slots->mask + 1) * 2);
    if (!bigger)
        return NULL;
    for (size_t i = 0; i <= slots->mask; i++) {
        uint64_t slot = atomic_load_explicit(&slots->slots[i], memory_order_relaxed);
        if (slot)
            place(bigger, slot);
    }
    bigger->older = slots;
    atomic_store_explicit(&table->current, bigger, memory_order_release);
    return bigger;
}

int prom_table_add(struct prom_table *table, uint32_t hash, uint32_t number)
{
    struct prom_slots *slots = with_room(table);
    if (!slots)
        return -1;
    place(slots, (uint64_t)hash << 32 | (number + 1));
    table->count++;
    return 0;
}

static uint64_t slot_at(const struct prom_slots *slots, size_t at)
{
    return atomic_load_explicit(&slots->slots[at], memory_order_relaxed);
}

/* Moves up the entries behind the hole that may stand in it, so that every look-up still ends at a free slot. */
static void close_hole(struct prom_slots *slots, size_t hole)
{
    uint64_t slot;
    for (size_t at = (hole + 1) & slots->mask; (slot = slot_at(slots, at)); at = (at + 1) & slots->mask) {
        size_t home = slot >> 32 & slots->mask;
        if (((at - home) & slots->mask) < ((at - hole) & slots->mask))
            continue;
        atomic_store_explicit(&slots->slots[hole], slot, memory_order_relaxed);
        hole = at;
    }
    atomic_store_explicit(&slots->slots[hole], 0, memory_order_relaxed);
}

bool prom_table_remove(struct prom_table *table, uint32_t hash, uint32_t number)
{
    struct prom_slots *slots = atomic_load(&table->current);
    const uint64_t wanted = (uint64_t)hash << 32 | (number + 1);
    size_t at = hash & slots->mask;
    uint64_t slot;
    while ((slot = slot_at(slots, at)) && slot != wanted)
        at = (at + 1) & slots->mask;
    if (!slot)
        return false;
    close_hole(slots, at);
    table->count--;
    return true;
}
