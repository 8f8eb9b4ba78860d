/* The query's text. A query of some thousand numbers has some ten thousand bytes, so doubling is enough. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 256

static int reserve(struct whois_text *text, size_t more)
{
    size_t capacity = text->capacity ? text->capacity : 4096;
    while (capacity - text->size < more)
        capacity *= 2;
    if (capacity == text->capacity)
        return 0;
    char *data = realloc(text->data, capacity);
    if (!data)
        return -1;
    text->data = data;
    text->capacity = capacity;
    return 0;
}

void whois_text_printf(struct whois_text *text, const char *format, ...)
{
    if (text->failed || reserve(text, LINE_MAX_BYTES) < 0) {
        text->failed = 1;
        return;
    }
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text->data + text->size, LINE_MAX_BYTES, format, args);
    va_end(args);
    if (n < 0 || n >= LINE_MAX_BYTES)
        text->failed = 1;
    else
        text->size += (size_t)n;
}

void whois_text_clear(struct whois_text *text)
{
    text->size = 0;
    text->failed = 0;
}

void whois_text_fini(struct whois_text *text)
{
    free(text->data);
    *text = (struct whois_text){0};
}
