/*
 * Names by AS number, for people who join the names to the flows themselves:
 *
 *   flow_as_info{as="15169",name="GOOGLE"} 1
 *
 * These are the cells of series whose names are not shown (option as_info), one for each key. The checkpoint's thread
 * adds cells, and pages print them. A name is printed as it is at that time, so a later name replaces an earlier
 * one.
 */
#ifndef OUTPUT_PROMETHEUS_INFO_H
#define OUTPUT_PROMETHEUS_INFO_H

#include <pthread.h>
#include <stddef.h>

#include <flow-exporter/record.h>

#include "metric/accept_header.h"
#include "base/buffer.h"
#include "metric/filter.h"

struct prom_info {
    pthread_mutex_t lock;
    struct fx_cell **cells; /* open addressing by key; holds a reference to each */
    size_t count, capacity; /* a power of two, or 0 */
};

void prom_info_init(struct prom_info *info);
void prom_info_fini(struct prom_info *info);
/* Adds a cell unless there is one with its key. A cell without a key is not added. 0, or -1 without memory. */
int prom_info_add(struct prom_info *info, struct fx_cell *cell);
/* Adds the head and the lines. A number whose name is not known yet has no line. */
void prom_info_print(struct prom_info *info, enum prom_format format, const struct prom_filter *filter,
                     struct prom_buffer *to);

#endif
