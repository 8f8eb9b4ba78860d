/* The test plugins write each call as a line into one file. A test sees their order there. */
#ifndef TEST_PLUGIN_CALLS_H
#define TEST_PLUGIN_CALLS_H

#include <stdarg.h>
#include <stdio.h>

#include <flow-exporter/visibility.h>

/* Appends a line with one write: lines of several threads do not mix. file may be NULL. */
FX_PRINTF(2, 3) static inline void calls_note(const char *file, const char *format, ...)
{
    FILE *out = file ? fopen(file, "ae") : NULL;
    if (!out)
        return;
    va_list args;
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    fputc('\n', out);
    fclose(out);
}

#endif
