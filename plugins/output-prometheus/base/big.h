/*
 * Zeroed memory for big arrays, on huge pages where the system has them: then a probe in a big table is one miss,
 * not two.
 */
#ifndef OUTPUT_PROMETHEUS_BIG_H
#define OUTPUT_PROMETHEUS_BIG_H

#include <stdbool.h>
#include <stddef.h>

/* NULL without memory. The memory is not resident before it is touched. may_be_huge: nearly all of it will be used. */
void *prom_big_new(size_t bytes, bool may_be_huge);
/* bytes and may_be_huge as in prom_big_new. pages may be NULL. */
void prom_big_free(void *pages, size_t bytes, bool may_be_huge);

#endif
