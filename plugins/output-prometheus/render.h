/* The text exposition format 0.0.4 (prometheus.io, exposition formats): labels, numbers, escapes. */
#ifndef OUTPUT_PROMETHEUS_RENDER_H
#define OUTPUT_PROMETHEUS_RENDER_H

#include "prom.h"

#define PROM_NUMBER_MAX 20 /* digits of a 64-bit number */

/* Writes the digits, no NUL; gives their number. */
size_t prom_render_number(char *to, uint64_t number);

/* Appends text escaped as a label value: backslash, quote, newline. to has room for twice the size. */
size_t prom_render_escaped(char *to, const char *text, size_t size);

/* {a="..",b=".."} of a series, in memory of the registry, whose lock is held; *size. NULL without memory. */
const char *prom_render_labels(struct prom_output *output, struct prom_family *family, const struct prom_series *series,
                               uint32_t *size);
/* The same for the series 'other'. */
const char *prom_render_other(struct prom_family *family, uint32_t *size);

#endif
