/*
 * Buckets of a metric that is a histogram. Bounds are of what is shown, so behind the metric's factor; records are held
 * against whole numbers that come to the same. Made in create; asked by workers.
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
    unsigned count;                                 /* of bounds */
    uint64_t most[PROM_BUCKETS_MAX];                /* that is in the bucket */
    char bounds[PROM_BUCKETS_MAX][PROM_DOUBLE_MAX]; /* as the label le has them */
};

/* bounds: none for the usual ones. 0; FX_ENOMEM; FX_EINVAL with why, and the bound that is wrong. To be freed with free(). */
int prom_histogram_new(const struct fx_list *bounds, const struct prom_factor *factor,
                       struct prom_histogram **histogram, char why[PROM_HISTOGRAM_WHY_MAX], const char **wrong);
void prom_histogram_define(const struct prom_histogram *histogram, struct prom_buffer *to);

/* The record counts as weight records with this value. slots: those of its series. */
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
