/* Memory that is never NULL. Any thread. */
#include "util/alloc.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *memory)
{
    if (!memory) {
        fputs("flow-exporter: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *fxi_calloc(size_t count, size_t size)
{
    return checked(calloc(count ? count : 1, size ? size : 1));
}

void *fxi_realloc(void *old, size_t count, size_t size)
{
    if (size && count > SIZE_MAX / size)
        checked(NULL);
    return checked(realloc(old, count && size ? count * size : 1));
}

char *fxi_strdup(const char *text)
{
    return checked(strdup(text));
}

char *fxi_strndup(const char *text, size_t size)
{
    char *copy = fxi_calloc(size + 1, 1);
    memcpy(copy, text, size);
    return copy;
}
