/*
 * Memory for start-up and tables, not for the path of records. Without memory, these functions print a line and abort.
 */
#ifndef FXI_UTIL_ALLOC_H
#define FXI_UTIL_ALLOC_H

#include <stddef.h>

void *fxi_calloc(size_t count, size_t size);
void *fxi_realloc(void *old, size_t count, size_t size);
char *fxi_strdup(const char *text);
char *fxi_strndup(const char *text, size_t size);

#endif
