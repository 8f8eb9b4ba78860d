/* Writes one sentence into the caller's struct. Any thread. */
#include <stdarg.h>
#include <stdio.h>

#include <flow-exporter/error.h>

int fx_error_set(struct fx_error *err, int code, const char *format, ...)
{
    if (err) {
        err->code = code;
        va_list args;
        va_start(args, format);
        vsnprintf(err->message, sizeof err->message, format, args);
        va_end(args);
    }
    return code;
}
