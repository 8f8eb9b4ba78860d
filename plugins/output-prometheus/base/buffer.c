/* A growing text. Only its owner's thread. */
#include "base/buffer.h"

#include <stdlib.h>
#include <string.h>

char *prom_buffer_reserve(struct prom_buffer *buffer, size_t more)
{
    if (more > buffer->capacity - buffer->size) {
        size_t capacity = (buffer->size + more) * 2;
        char *bigger = realloc(buffer->data, capacity);
        if (!bigger) {
            buffer->failed = true;
            return NULL;
        }
        buffer->data = bigger;
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void prom_buffer_add(struct prom_buffer *buffer, const char *data, size_t size)
{
    char *to = size ? prom_buffer_reserve(buffer, size) : NULL;
    if (!to)
        return;
    memcpy(to, data, size);
    buffer->size += size;
}

void prom_buffer_puts(struct prom_buffer *buffer, const char *text)
{
    prom_buffer_add(buffer, text, strlen(text));
}

void prom_buffer_fini(struct prom_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct prom_buffer){0};
}
