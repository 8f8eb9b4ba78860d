/* The lines of a series, for any kind of metric, and the lines of ended series. Any thread. */
#ifndef OUTPUT_PROMETHEUS_PRINT_H
#define OUTPUT_PROMETHEUS_PRINT_H

#include <stdint.h>

#include "base/buffer.h"
#include "series/line.h"

struct prom_family;

struct prom_lines {
    struct prom_line value; /* for a histogram: _sum */
    struct prom_line bucket, count;
};

/* 0, or -1 without memory. The caller frees in both cases. */
int prom_lines_init(struct prom_lines *lines, const struct prom_family *family, const char *const *labels,
                    unsigned label_count);
void prom_lines_fini(struct prom_lines *lines);

/*
 * Adds the lines of these parts (filter.h), except the line of creation, with the metric's factor. values: the label
 * values in the form of line.h, size bytes of text. slots: the slots of the series.
 */
void prom_lines_print(const struct prom_lines *lines, const struct prom_family *family, unsigned parts,
                      const char *values, size_t size, const uint64_t *slots, struct prom_buffer *to);

#endif
