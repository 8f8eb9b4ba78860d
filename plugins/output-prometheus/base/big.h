/* Zeroed memory for big arrays, on huge pages where the system has them: a probe in a big table is one miss, not two. */
#ifndef OUTPUT_PROMETHEUS_BIG_H
#define OUTPUT_PROMETHEUS_BIG_H

#include <stdbool.h>
#include <stddef.h>

/* NULL without memory. Not resident before it is touched. may_be_huge: it will be used whole, or nearly so. */
void *prom_big_new(size_t bytes, bool may_be_huge);
/* bytes and may_be_huge as they were asked for. pages may be NULL. */
void prom_big_free(void *pages, size_t bytes, bool may_be_huge);

#endif
