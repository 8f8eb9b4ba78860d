/* A growing text. Its owner's thread. */
#ifndef OUTPUT_PROMETHEUS_BUFFER_H
#define OUTPUT_PROMETHEUS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-initialised is empty. Without memory it is marked as failed, and what was to be added is lost. */
struct prom_buffer {
    char *data;
    size_t size, capacity;
    bool failed;
};

/* Room for more bytes behind what is there; add to size what was written. NULL without memory. */
char *prom_buffer_reserve(struct prom_buffer *buffer, size_t more);
void prom_buffer_add(struct prom_buffer *buffer, const char *data, size_t size);
void prom_buffer_puts(struct prom_buffer *buffer, const char *text);
void prom_buffer_fini(struct prom_buffer *buffer);

#endif
