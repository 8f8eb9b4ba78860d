/* A growing text, for everything that is built off the hot path. Aborts without memory. */
#ifndef FXI_UTIL_STR_H
#define FXI_UTIL_STR_H

#include <stdarg.h>
#include <stddef.h>

#include <flow-exporter/visibility.h>

struct fxi_str {
    char *data; /* ends with NUL once something was added */
    size_t size, capacity;
};

void fxi_str_add(struct fxi_str *str, const char *data, size_t size);
void fxi_str_puts(struct fxi_str *str, const char *text);
void fxi_str_printf(struct fxi_str *str, const char *format, ...) FX_PRINTF(2, 3);
void fxi_str_vprintf(struct fxi_str *str, const char *format, va_list args) FX_PRINTF(2, 0);
void fxi_str_clear(struct fxi_str *str);
void fxi_str_fini(struct fxi_str *str);

#endif
