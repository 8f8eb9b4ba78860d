/*
 * Names by AS number, for people who join them to the flows themselves:
 *
 *     flow_as_info{as="15169",name="GOOGLE"} 1
 *
 * The cells of series with names that are not shown (option as_info), one a key. The checkpoint's owner adds, pages
 * print; a name is shown as it is at that time, so a later one takes the place of an earlier one.
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
    struct fx_cell **cells; /* open addressing by key; a reference each */
    size_t count, capacity; /* a power of two, or 0 */
};

void prom_info_init(struct prom_info *info);
void prom_info_fini(struct prom_info *info);
/* Adds a cell unless there is one with its key; one without a key is nobody's. 0, or -1 without memory. */
int prom_info_add(struct prom_info *info, struct fx_cell *cell);
/* Adds head and lines; of a number whose name is not known yet, none. */
void prom_info_print(struct prom_info *info, enum prom_format format, const struct prom_filter *filter,
                     struct prom_buffer *to);

#endif
