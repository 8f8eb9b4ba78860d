/* A growing text. Only the caller's thread. */
#include "util/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

static void reserve(struct fxi_str *str, size_t more)
{
    size_t needed = str->size + more + 1;
    if (needed <= str->capacity)
        return;
    size_t capacity = str->capacity ? str->capacity : 64;
    while (capacity < needed)
        capacity *= 2;
    str->data = fxi_realloc(str->data, capacity, 1);
    str->capacity = capacity;
}

void fxi_str_add(struct fxi_str *str, const char *data, size_t size)
{
    reserve(str, size);
    if (size)
        memcpy(str->data + str->size, data, size);
    str->size += size;
    str->data[str->size] = '\0';
}

void fxi_str_puts(struct fxi_str *str, const char *text)
{
    fxi_str_add(str, text, strlen(text));
}

void fxi_str_vprintf(struct fxi_str *str, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int size = vsnprintf(NULL, 0, format, args);
    if (size > 0) {
        reserve(str, (size_t)size);
        vsnprintf(str->data + str->size, (size_t)size + 1, format, again);
        str->size += (size_t)size;
    }
    va_end(again);
}

void fxi_str_printf(struct fxi_str *str, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fxi_str_vprintf(str, format, args);
    va_end(args);
}

void fxi_str_clear(struct fxi_str *str)
{
    str->size = 0;
    if (str->data)
        str->data[0] = '\0';
}

void fxi_str_fini(struct fxi_str *str)
{
    free(str->data);
    *str = (struct fxi_str){0};
}
