/*
 * What one worker counted. Only the worker's thread enters this file, or another thread while the worker stands
 * still.
 */
#include "series/tally.h"

#include <string.h>

#include "base/big.h"

#define FIRST_VALUES 1024

int prom_tally_init(struct prom_tally *tally, struct prom_shape shape)
{
    *tally = (struct prom_tally){.shape = shape};
    return prom_tally_grow(tally, FIRST_VALUES) ? 0 : -1;
}

/* The bytes for this many series. */
static size_t bytes_of(const struct prom_tally *tally, size_t count)
{
    return count * tally->shape.slots * sizeof *tally->values;
}

void prom_tally_fini(struct prom_tally *tally)
{
    prom_big_free(tally->values, bytes_of(tally, tally->capacity), true);
}

bool prom_tally_grow(struct prom_tally *tally, size_t count)
{
    if (count <= tally->capacity)
        return true;
    size_t capacity = tally->capacity ? tally->capacity : FIRST_VALUES;
    while (capacity < count)
        capacity *= 2;
    uint64_t *values = prom_big_new(bytes_of(tally, capacity), true);
    if (!values)
        return false;
    if (tally->capacity)
        memcpy(values, tally->values, bytes_of(tally, tally->capacity));
    prom_tally_fini(tally);
    tally->values = values;
    tally->capacity = capacity;
    return true;
}

static size_t known(const struct prom_tally *tally, size_t count)
{
    return tally->capacity < count ? tally->capacity : count;
}

void prom_tally_copy_to(const struct prom_tally *tally, uint64_t *sums, size_t count)
{
    size_t copied = known(tally, count);
    memcpy(sums, tally->values, bytes_of(tally, copied));
    memset(sums + copied * tally->shape.slots, 0, bytes_of(tally, count - copied));
}

void prom_tally_add_to(const struct prom_tally *tally, uint64_t *sums, size_t count)
{
    prom_shape_add(tally->shape, sums, tally->values, known(tally, count));
}

bool prom_tally_set(struct prom_tally *tally, const uint64_t *values, size_t count)
{
    memset(tally->values, 0, bytes_of(tally, tally->capacity));
    if (!count)
        return true;
    if (!prom_tally_grow(tally, count))
        return false;
    memcpy(tally->values, values, bytes_of(tally, count));
    return true;
}
