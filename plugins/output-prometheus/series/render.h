/*
 * Label values, escapes and heads of the text exposition format 0.0.4 (prometheus.io, exposition formats) and of
 * OpenMetrics 1.0.0 (draft-ietf-opsawg-openmetrics-00).
 */
#ifndef OUTPUT_PROMETHEUS_RENDER_H
#define OUTPUT_PROMETHEUS_RENDER_H

#include <stdint.h>

#include <flow-exporter/metric.h>

#include "metric/accept_header.h"
#include "base/buffer.h"

struct prom_family;
struct prom_store;

/* Adds text escaped as a label value: backslash, quote, newline. */
void prom_render_escaped(struct prom_buffer *to, const char *text, size_t size);

/*
 * Adds HELP, TYPE and, in OpenMetrics, UNIT. name: the name of the samples, as in the text format. A gauge with the
 * name ..._info has the type info in OpenMetrics.
 */
void prom_render_head(struct prom_buffer *to, enum prom_format format, const char *name, const char *help,
                      enum fx_metric_kind kind);

/* Adds the values of a series' labels in the form of line.h. PROM_LINE_STEP bytes behind them can be read. */
void prom_render_values(const struct prom_store *store, const struct prom_family *family, uint32_t number,
                        struct prom_buffer *to);

#endif
