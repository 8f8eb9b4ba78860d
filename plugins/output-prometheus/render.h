/* The text exposition format 0.0.4 (prometheus.io, exposition formats): label values, escapes, heads. */
#ifndef OUTPUT_PROMETHEUS_RENDER_H
#define OUTPUT_PROMETHEUS_RENDER_H

#include "buffer.h"
#include "prom.h"

/* Adds text escaped as a label value: backslash, quote, newline. */
void prom_render_escaped(struct prom_buffer *to, const char *text, size_t size);

/* Adds HELP and TYPE. */
void prom_render_head(struct prom_buffer *to, const char *name, const char *help, const char *type);

/* Adds the values of a series' labels, as line.h wants them. PROM_LINE_STEP bytes behind them can be read. */
void prom_render_values(const struct prom_output *output, const struct prom_family *family, uint32_t number,
                        struct prom_buffer *to);

#endif
