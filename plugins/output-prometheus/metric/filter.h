/*
 * Which metrics a request wants: those with the names in name[], as client libraries do it. A name may be a
 * family's, with or without _total: then all of the family is wanted. Or it is a sample's, such as x_bucket. Without
 * names everything is wanted. The HTTP thread.
 */
#ifndef OUTPUT_PROMETHEUS_FILTER_H
#define OUTPUT_PROMETHEUS_FILTER_H

#include <stdbool.h>
#include <stddef.h>

#define PROM_FILTER_MAX 256

struct prom_filter {
    unsigned count; /* 0: everything is wanted */
    struct prom_filter_name {
        char *text; /* owned */
        size_t size;
    } names[PROM_FILTER_MAX];
};

/* Parts of a family, as bits. */
enum {
    PROM_PART_VALUE = 1,
    PROM_PART_CREATED = 2,
    PROM_PART_BUCKET = 4,
    PROM_PART_SUM = 8,
    PROM_PART_COUNT = 16,
    PROM_PART_ALL = 31
};

/* Copies the name. False: there are too many, or there is no memory. */
bool prom_filter_add(struct prom_filter *filter, const char *name, size_t size);
void prom_filter_free(struct prom_filter *filter);

/* Which parts of the family are wanted. family: without _total. filter: NULL for everything. */
unsigned prom_filter_parts(const struct prom_filter *filter, const char *family, size_t size);

#endif
