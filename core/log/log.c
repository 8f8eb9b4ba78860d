/*
 * The log: one write(2) a line to standard error, so that lines of several
 * threads never mix. Level and format are set once, before threads start.
 */
#include "log/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <flow-exporter/plugin.h>

#include "log/line.h"
#include "util/alloc.h"
#include "util/clock.h"

/* The one place that is the process's own: there is one standard error. */
static enum fx_log_level log_level = FX_LOG_INFO;
static enum fxi_log_format log_format = FXI_LOG_TEXT;

void fxi_log_setup(enum fx_log_level level, enum fxi_log_format format)
{
    log_level = level;
    log_format = format;
}

int fx_log_enabled(enum fx_log_level level)
{
    return level <= log_level;
}

static void format_time(char *buffer, size_t size)
{
    struct timespec now;
    struct tm tm;
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    size_t used = strftime(buffer, size, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(buffer + used, size - used, ".%03ldZ", now.tv_nsec / 1000000);
}

/* The format with its spaces replaced: what is a space after formatting belongs to a value. */
static char *separated(const char *pairs)
{
    char *copy = fxi_strdup(pairs);
    for (char *at = copy; *at; at++)
        if (*at == ' ')
            *at = FXI_LOG_SEPARATOR;
    return copy;
}

static void write_all(const char *data, size_t size)
{
    while (size) {
        ssize_t written = write(STDERR_FILENO, data, size);
        if (written <= 0)
            return; /* nowhere left to say so */
        data += written;
        size -= (size_t)written;
    }
}

static void format_pairs(struct fxi_str *out, const char *pairs, va_list args)
{
    char *format = separated(pairs);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    fxi_str_vprintf(out, format, args);
#pragma GCC diagnostic pop
    free(format);
}

void fx_log(const struct fx_instance *instance, enum fx_log_level level, const char *sentence, const char *pairs, ...)
{
    if (!fx_log_enabled(level))
        return;
    struct fxi_str values = {0}, line = {0};
    char time[40];
    if (pairs) {
        va_list args;
        va_start(args, pairs);
        format_pairs(&values, pairs, args);
        va_end(args);
    }
    format_time(time, sizeof time);
    fxi_log_line(&line, log_format, time, level, instance ? fx_instance_name(instance) : NULL, sentence,
                 values.data ? values.data : "");
    write_all(line.data, line.size);
    fxi_str_fini(&values);
    fxi_str_fini(&line);
}

#define LIMIT_WINDOW_MS 10000
#define LIMIT_LINES     10

int fx_log_allowed(struct fx_log_limit *limit, unsigned *suppressed)
{
    *suppressed = 0;
    if (__atomic_exchange_n(&limit->lock, 1, __ATOMIC_ACQUIRE)) {
        __atomic_add_fetch(&limit->contended, 1, __ATOMIC_RELAXED);
        return 0; /* another thread is at it: that line speaks for this one */
    }
    int64_t now = fxi_clock_ms();
    if (limit->allowed == 0 || now - limit->window_start_ms >= LIMIT_WINDOW_MS) {
        limit->window_start_ms = now;
        limit->allowed = 0;
    }
    int allowed = limit->allowed < LIMIT_LINES;
    if (allowed) {
        limit->allowed++;
        *suppressed = limit->held_back + __atomic_exchange_n(&limit->contended, 0, __ATOMIC_RELAXED);
        limit->held_back = 0;
    } else {
        limit->held_back++;
    }
    __atomic_store_n(&limit->lock, 0, __ATOMIC_RELEASE);
    return allowed;
}
