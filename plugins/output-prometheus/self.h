/* The program's own metrics in the text format. */
#ifndef OUTPUT_PROMETHEUS_SELF_H
#define OUTPUT_PROMETHEUS_SELF_H

#include <flow-exporter/plugin.h>

#include "buffer.h"

/* Adds them as they are now. The HTTP thread. */
void prom_self_print(struct fx_instance *instance, struct prom_buffer *to);

#endif
