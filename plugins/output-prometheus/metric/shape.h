/*
 * What is counted for a series: slots of 64 bits, the same number for each series of a metric. The first slot is 0
 * as long as nothing was counted. Each counted record makes it larger, up to the largest number.
 *
 *   counter    the sum
 *   gauge      the stamp of the last record; that record's value
 *   histogram  the number of records; the sum; the number in each bucket but the last one, each for itself
 *
 * Values are combined when two workers count, or when two series are shown as one. Then slots are added. Of two
 * gauges the later one stays, so the order in which they are combined does not matter.
 */
#ifndef OUTPUT_PROMETHEUS_SHAPE_H
#define OUTPUT_PROMETHEUS_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prom_shape {
    unsigned slots; /* slots of a series */
    bool is_last;   /* a gauge */
};

enum { PROM_SLOT_FIRST, PROM_SLOT_STAMP = PROM_SLOT_FIRST, PROM_SLOT_LAST, PROM_SLOT_COUNT = PROM_SLOT_FIRST };
enum { PROM_SLOT_SUM = 1, PROM_SLOT_BUCKETS };

#define PROM_BUCKETS_MAX 64 /* bounds; the bucket above the last bound is not counted among them */
#define PROM_SLOTS_MAX   (PROM_BUCKETS_MAX + PROM_SLOT_BUCKETS)

/* Sums never wrap: they stay at the largest number. */
static inline uint64_t prom_sum(uint64_t a, uint64_t b)
{
    uint64_t sum;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

/* Adds count series of from to count series of to. */
static inline void prom_shape_add(struct prom_shape shape, uint64_t *to, const uint64_t *from, size_t count)
{
    if (!shape.is_last) {
        for (size_t i = 0; i < count * shape.slots; i++)
            to[i] = prom_sum(to[i], from[i]);
        return;
    }
    for (size_t i = 0; i < count * shape.slots; i += shape.slots) {
        if (from[i + PROM_SLOT_STAMP] <= to[i + PROM_SLOT_STAMP])
            continue;
        to[i + PROM_SLOT_STAMP] = from[i + PROM_SLOT_STAMP];
        to[i + PROM_SLOT_LAST] = from[i + PROM_SLOT_LAST];
    }
}

#endif
