/* What one worker counted for one metric: a value a series. No lock: the worker's thread, or while it stands still. */
#ifndef OUTPUT_PROMETHEUS_TALLY_H
#define OUTPUT_PROMETHEUS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prom_tally {
    uint64_t *values; /* by series */
    size_t capacity;
};

/* 0, or -1 without memory. To be freed in both cases. */
int prom_tally_init(struct prom_tally *tally);
void prom_tally_fini(struct prom_tally *tally);

/* Makes room for count values. False without memory. */
bool prom_tally_grow(struct prom_tally *tally, size_t count);

/* Sums never wrap: they stay at the largest number. */
static inline uint64_t prom_sum(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* sums, which has room for count series, becomes the values; or the values are added to it. */
void prom_tally_copy_to(const struct prom_tally *tally, uint64_t *sums, size_t count);
void prom_tally_add_to(const struct prom_tally *tally, uint64_t *sums, size_t count);
/* The values become these, all others zero. False without memory. */
bool prom_tally_set(struct prom_tally *tally, const uint64_t *values, size_t count);

#endif
