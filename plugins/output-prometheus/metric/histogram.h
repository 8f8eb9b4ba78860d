/*
 * Buckets of a metric that is a histogram. Bounds are values as shown, after the metric's factor. Records are
 * compared with whole numbers that give the same result. Buckets are made in create. Workers use them.
 */
#ifndef OUTPUT_PROMETHEUS_HISTOGRAM_H
#define OUTPUT_PROMETHEUS_HISTOGRAM_H

#include <flow-exporter/option.h>

#include "base/buffer.h"
#include "metric/factor.h"
#include "base/number.h"
#include "metric/shape.h"

#define PROM_HISTOGRAM_WHY_MAX 160

struct prom_histogram {
    unsigned count;                                 /* bounds */
    uint64_t most[PROM_BUCKETS_MAX];                /* the largest number that is in the bucket */
    char bounds[PROM_BUCKETS_MAX][PROM_DOUBLE_MAX]; /* the text for the label le */
};

/* bounds: if empty, the usual ones. 0; FX_ENOMEM; or FX_EINVAL with why, and the wrong bound. Free with free(). */
int prom_histogram_new(const struct fx_list *bounds, const struct prom_factor *factor,
                       struct prom_histogram **histogram, char why[PROM_HISTOGRAM_WHY_MAX], const char **wrong);
void prom_histogram_define(const struct prom_histogram *histogram, struct prom_buffer *to);

/* Counts the record as weight records with this value. slots: the slots of its series. */
static inline void prom_histogram_count(const struct prom_histogram *histogram, uint64_t *slots, uint64_t value,
                                        uint64_t weight)
{
    uint64_t product;
    unsigned bucket = 0;
    while (bucket < histogram->count && value > histogram->most[bucket])
        bucket++;
    if (__builtin_mul_overflow(value, weight, &product))
        product = UINT64_MAX;
    slots[PROM_SLOT_COUNT] = prom_sum(slots[PROM_SLOT_COUNT], weight);
    slots[PROM_SLOT_SUM] = prom_sum(slots[PROM_SLOT_SUM], product);
    if (bucket < histogram->count)
        slots[PROM_SLOT_BUCKETS + bucket] = prom_sum(slots[PROM_SLOT_BUCKETS + bucket], weight);
}

#endif
