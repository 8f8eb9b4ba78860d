/* What one worker counted. The worker's thread, or while it stands still. */
#include "tally.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_SLOTS 1024

int prom_tally_init(struct prom_tally *tally)
{
    *tally = (struct prom_tally){.slots = calloc(FIRST_SLOTS, sizeof *tally->slots),
                                 .mask = FIRST_SLOTS - 1,
                                 .values = calloc(FIRST_SLOTS, sizeof *tally->values),
                                 .capacity = FIRST_SLOTS};
    return tally->slots && tally->values ? 0 : -1;
}

void prom_tally_fini(struct prom_tally *tally)
{
    free(tally->slots);
    free(tally->values);
}

uint32_t prom_tally_find(const struct prom_tally *tally, const struct prom_registry *registry, const uint64_t *key,
                         uint32_t hash)
{
    for (size_t at = hash & tally->mask; tally->slots[at].number; at = (at + 1) & tally->mask) {
        uint32_t number = tally->slots[at].number - 1;
        if (tally->slots[at].hash == hash &&
            memcmp(prom_series_at(registry, number)->key, key, registry->words * sizeof *key) == 0)
            return number;
    }
    return PROM_SERIES_NONE;
}

static bool grow_values(struct prom_tally *tally, size_t count)
{
    if (count <= tally->capacity)
        return true;
    size_t capacity = tally->capacity;
    while (capacity < count)
        capacity *= 2;
    uint64_t *values = realloc(tally->values, capacity * sizeof *values);
    if (!values)
        return false;
    memset(values + tally->capacity, 0, (capacity - tally->capacity) * sizeof *values);
    tally->values = values;
    tally->capacity = capacity;
    return true;
}

static void place(struct prom_tally_slot *slots, size_t mask, uint32_t hash, uint32_t number)
{
    size_t at = hash & mask;
    while (slots[at].number)
        at = (at + 1) & mask;
    slots[at] = (struct prom_tally_slot){.hash = hash, .number = number + 1};
}

/* Twice the slots when three quarters are taken. */
static bool grow_slots(struct prom_tally *tally)
{
    size_t slots = tally->mask + 1;
    if ((tally->count + 1) * 4 <= slots * 3)
        return true;
    struct prom_tally_slot *bigger = calloc(slots * 2, sizeof *bigger);
    if (!bigger)
        return false;
    for (size_t i = 0; i < slots; i++)
        if (tally->slots[i].number)
            place(bigger, slots * 2 - 1, tally->slots[i].hash, tally->slots[i].number - 1);
    free(tally->slots);
    tally->slots = bigger;
    tally->mask = slots * 2 - 1;
    return true;
}

bool prom_tally_learn(struct prom_tally *tally, uint32_t hash, uint32_t number)
{
    if (!grow_values(tally, (size_t)number + 1))
        return false;
    if (number == PROM_OTHER_SERIES)
        return true;
    if (!grow_slots(tally))
        return false;
    place(tally->slots, tally->mask, hash, number);
    tally->count++;
    return true;
}

void prom_tally_add_to(const struct prom_tally *tally, uint64_t *sums, size_t count)
{
    size_t known = tally->capacity < count ? tally->capacity : count;
    for (size_t i = 0; i < known; i++)
        sums[i] = prom_sum(sums[i], tally->values[i]);
}

bool prom_tally_set(struct prom_tally *tally, const uint64_t *values, size_t count)
{
    memset(tally->values, 0, tally->capacity * sizeof *tally->values);
    if (!count)
        return true;
    if (!grow_values(tally, count))
        return false;
    memcpy(tally->values, values, count * sizeof *values);
    return true;
}
