/* What one worker counted. The worker's thread, or while it stands still. */
#include "tally.h"

#include <string.h>

#include "pages.h"

#define FIRST_VALUES 1024

int prom_tally_init(struct prom_tally *tally)
{
    *tally = (struct prom_tally){0};
    return prom_tally_grow(tally, FIRST_VALUES) ? 0 : -1;
}

void prom_tally_fini(struct prom_tally *tally)
{
    prom_pages_free(tally->values, tally->capacity * sizeof *tally->values, true);
}

bool prom_tally_grow(struct prom_tally *tally, size_t count)
{
    if (count <= tally->capacity)
        return true;
    size_t capacity = tally->capacity ? tally->capacity : FIRST_VALUES;
    while (capacity < count)
        capacity *= 2;
    uint64_t *values = prom_pages_new(capacity * sizeof *values, true);
    if (!values)
        return false;
    if (tally->capacity)
        memcpy(values, tally->values, tally->capacity * sizeof *values);
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
    memcpy(sums, tally->values, copied * sizeof *sums);
    memset(sums + copied, 0, (count - copied) * sizeof *sums);
}

void prom_tally_add_to(const struct prom_tally *tally, uint64_t *sums, size_t count)
{
    for (size_t i = 0; i < known(tally, count); i++)
        sums[i] = prom_sum(sums[i], tally->values[i]);
}

bool prom_tally_set(struct prom_tally *tally, const uint64_t *values, size_t count)
{
    memset(tally->values, 0, tally->capacity * sizeof *tally->values);
    if (!count)
        return true;
    if (!prom_tally_grow(tally, count))
        return false;
    memcpy(tally->values, values, count * sizeof *values);
    return true;
}
