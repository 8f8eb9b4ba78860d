/* The program's own metrics in both formats. */
#ifndef OUTPUT_PROMETHEUS_SELF_H
#define OUTPUT_PROMETHEUS_SELF_H

#include <flow-exporter/plugin.h>

#include "metric/accept_header.h"
#include "base/buffer.h"
#include "metric/filter.h"

/* Adds the metrics as they are now, those that the filter (or NULL) wants. The HTTP thread. */
void prom_self_print(struct fx_instance *instance, enum prom_format format, const struct prom_filter *filter,
                     struct prom_buffer *to);

#endif
