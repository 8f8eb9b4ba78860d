/*
 * What one worker counted for one metric: the slots of each series (shape.h). No lock: only the worker's thread uses
 * a tally, or another thread while the worker stands still.
 */
#ifndef OUTPUT_PROMETHEUS_TALLY_H
#define OUTPUT_PROMETHEUS_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metric/shape.h"

struct prom_tally {
    uint64_t *values; /* by series, then slot */
    size_t capacity;  /* series */
    struct prom_shape shape;
};

/* 0, or -1 without memory. The caller frees in both cases. */
int prom_tally_init(struct prom_tally *tally, struct prom_shape shape);
void prom_tally_fini(struct prom_tally *tally);

/* Makes room for count series. False without memory. */
bool prom_tally_grow(struct prom_tally *tally, size_t count);

/*
 * prom_tally_copy_to copies the values into sums, which has room for count series. prom_tally_add_to adds them to
 * sums.
 */
void prom_tally_copy_to(const struct prom_tally *tally, uint64_t *sums, size_t count);
void prom_tally_add_to(const struct prom_tally *tally, uint64_t *sums, size_t count);
/* The values become these, all others zero. False without memory. */
bool prom_tally_set(struct prom_tally *tally, const uint64_t *values, size_t count);

#endif
