/* The program's own metrics as text, and the growing text that they are put into. */
#ifndef OUTPUT_PROMETHEUS_SELF_H
#define OUTPUT_PROMETHEUS_SELF_H

#include <stddef.h>

#include <flow-exporter/plugin.h>

/* Without memory it stays as it is: a page then lacks a line of its own metrics, never part of one. */
struct prom_text_buffer {
    char *data;
    size_t size, capacity;
};

char *prom_text_reserve(struct prom_text_buffer *buffer, size_t more);
void prom_text_add_string(struct prom_text_buffer *buffer, const char *text);
void prom_text_buffer_fini(struct prom_text_buffer *buffer);

void prom_self_print(struct fx_instance *instance, struct prom_text_buffer *to);

#endif
