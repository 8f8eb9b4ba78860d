/* The text exposition format 0.0.4 (prometheus.io, exposition formats): labels, numbers, escapes, heads. */
#ifndef OUTPUT_PROMETHEUS_RENDER_H
#define OUTPUT_PROMETHEUS_RENDER_H

#include "buffer.h"
#include "prom.h"

#define PROM_NUMBER_MAX 20 /* digits of a 64-bit number */

/* Writes the digits, no NUL; gives their number. */
size_t prom_render_number(char *to, uint64_t number);

/* Adds text escaped as a label value: backslash, quote, newline. */
void prom_render_escaped(struct prom_buffer *to, const char *text, size_t size);

/* Adds HELP and TYPE. */
void prom_render_head(struct prom_buffer *to, const char *name, const char *help, const char *type);

/* Adds {a="..",b=".."} of a series. */
void prom_render_labels(const struct prom_output *output, const struct prom_family *family, uint32_t number,
                        struct prom_buffer *to);

#endif
