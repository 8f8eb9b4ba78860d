/* A growing text. Only its owner's thread. */
#ifndef OUTPUT_PROMETHEUS_BUFFER_H
#define OUTPUT_PROMETHEUS_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* A zero-initialised buffer is empty. Without memory, additions are lost and the buffer is marked as failed. */
struct prom_buffer {
    char *data;
    size_t size, capacity;
    bool failed;
};

/* Makes room for more bytes behind the text. The caller adds the bytes it has written to size. NULL without memory. */
char *prom_buffer_reserve(struct prom_buffer *buffer, size_t more);
void prom_buffer_add(struct prom_buffer *buffer, const char *data, size_t size);
void prom_buffer_puts(struct prom_buffer *buffer, const char *text);
void prom_buffer_fini(struct prom_buffer *buffer);

#endif
