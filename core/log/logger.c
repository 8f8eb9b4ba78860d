/*
 * The log writes lines to standard error (sink.c), and no thread waits for that. The format is set once, before threads
 * start. The level may change at any time.
 */
#include "log/logger.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <flow-exporter/plugin.h>

#include "log/journal.h"
#include "log/line.h"
#include "log/sink.h"
#include "util/alloc.h"
#include "util/clock.h"

/* Level and format are the process's, not an instance's: there is only one standard error. */
static _Atomic int log_level = FX_LOG_INFO;
static enum fxi_log_format log_format = FXI_LOG_TEXT;

void fxi_log_setup(enum fx_log_level level, enum fxi_log_format format)
{
    atomic_store_explicit(&log_level, (int)level, memory_order_relaxed);
    log_format = format;
}

enum fx_log_level fxi_log_step(int step, bool *has_changed)
{
    int before = atomic_load(&log_level), after = before + step;
    after = after < FX_LOG_ERROR ? FX_LOG_ERROR : after > FX_LOG_DEBUG ? FX_LOG_DEBUG : after;
    atomic_store(&log_level, after);
    *has_changed = after != before;
    return (enum fx_log_level)after;
}

int fx_log_enabled(enum fx_log_level level)
{
    return (int)level <= atomic_load_explicit(&log_level, memory_order_relaxed);
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

/* Whether the value of a pair is exactly one conversion by which printf makes a number that JSON can take as it is. */
static bool is_number(const char *value, const char *end)
{
    if (value >= end || *value++ != '%' || *value == '0')
        return false;
    value += strspn(value, "123456789");
    bool has_precision = *value == '.';
    value += has_precision ? 1 + strspn(value + 1, "0123456789") : 0;
    value += strspn(value, "lhjzt");
    return value + 1 == end && strchr(has_precision ? "feEgG" : "diufeEgG", *value);
}

/* The pair that begins at the two places: in the format, up to format_end, and in what was formatted. */
static void mark_number(const char *format, const char *format_end, char *formatted)
{
    size_t key_size = strcspn(format, "=");
    char *equals = strchr(formatted, '='); /* not at key_size: a key may be formatted, too */
    if (equals && format + key_size < format_end && is_number(format + key_size + 1, format_end))
        *equals = FXI_LOG_NUMBER;
}

/*
 * Formats pairs, and puts a NUL in the place of each space of the format. A value can hold any byte but NUL, so no
 * value looks like a pair. The length of what is formatted up to a space tells where that space is in the result.
 */
static void format_pairs(struct fxi_str *out, const char *pairs, va_list args)
{
    char *format = fxi_strdup(pairs);
    va_list again;
    va_copy(again, args);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    fxi_str_vprintf(out, format, again);
    va_end(again);
    char *pair = format;
    size_t pair_at = 0; /* where pair begins in the result */
    for (char *at = format; (at = strchr(at, ' ')); at++) {
        *at = '\0';
        va_copy(again, args);
        int size = vsnprintf(NULL, 0, format, again);
        va_end(again);
        *at = ' ';
        if (size < 0 || (size_t)size >= out->size)
            continue;
        out->data[size] = '\0';
        mark_number(pair, at, out->data + pair_at);
        pair = at + 1;
        pair_at = (size_t)size + 1;
    }
    if (pair_at < out->size)
        mark_number(pair, pair + strlen(pair), out->data + pair_at);
#pragma GCC diagnostic pop
    free(format);
}

/* values are key=value, with a NUL between them. */
static void put_line(const struct fx_instance *instance, enum fx_log_level level, const char *sentence,
                     const struct fxi_str *values)
{
    struct fxi_str line = {0};
    char time[40];
    format_time(time, sizeof time);
    fxi_log_line(&line, log_format, fxi_log_is_journal() ? NULL : time, level,
                 instance ? fx_instance_name(instance) : NULL, sentence, values->data ? values->data : "",
                 values->size);
    fxi_sink_put(line.data, line.size);
    fxi_str_fini(&line);
}

/* Reports lost lines, once standard error takes lines again. */
static void tell_lost(void)
{
    unsigned long lost = fxi_sink_take_lost();
    struct fxi_str values = {0};
    if (!lost)
        return;
    fxi_str_printf(&values, "lines=%lu", lost);
    put_line(NULL, FX_LOG_WARN, "Log lines were lost: the reader of standard error had stopped reading.", &values);
    fxi_str_fini(&values);
}

static void log_pairs(const struct fx_instance *instance, enum fx_log_level level, const char *sentence,
                      const char *pairs, va_list args)
{
    struct fxi_str values = {0};
    if (pairs)
        format_pairs(&values, pairs, args);
    put_line(instance, level, sentence, &values);
    fxi_str_fini(&values);
    tell_lost();
}

void fx_log(const struct fx_instance *instance, enum fx_log_level level, const char *sentence, const char *pairs, ...)
{
    if (!fx_log_enabled(level))
        return;
    va_list args;
    va_start(args, pairs);
    log_pairs(instance, level, sentence, pairs, args);
    va_end(args);
}

void fxi_log_always(enum fx_log_level level, const char *sentence, const char *pairs, ...)
{
    va_list args;
    va_start(args, pairs);
    log_pairs(NULL, level, sentence, pairs, args);
    va_end(args);
}

bool fxi_log_error(const struct fx_error *err)
{
    if (log_format != FXI_LOG_JSON)
        return false;
    if (err->file[0])
        fxi_log_always(FX_LOG_ERROR, err->message, "file=%s line=%u column=%u", err->file, err->line, err->column);
    else
        fxi_log_always(FX_LOG_ERROR, err->message, NULL);
    return true;
}

void fxi_log_print(const char *text, size_t size)
{
    struct fxi_str line = {0};
    if (fxi_log_is_journal())
        fxi_log_priority(&line, FX_LOG_ERROR);
    fxi_str_add(&line, text, size);
    fxi_sink_put(line.data, line.size);
    fxi_str_fini(&line);
}

void fxi_log_flush(void)
{
    fxi_sink_flush();
    tell_lost();
}

int fxi_log_waiting_fd(void)
{
    return fxi_sink_waiting_fd();
}

void fxi_log_end(int timeout_ms)
{
    fxi_sink_end(timeout_ms);
}

unsigned long fxi_log_lost(void)
{
    return fxi_sink_lost();
}

#define LIMIT_WINDOW_MS 10000
#define LIMIT_LINES     10

int fx_log_allowed(struct fx_log_limit *limit, unsigned *suppressed)
{
    *suppressed = 0;
    if (__atomic_exchange_n(&limit->lock, 1, __ATOMIC_ACQUIRE)) {
        __atomic_add_fetch(&limit->contended, 1, __ATOMIC_RELAXED);
        return 0; /* another thread is logging from the same place: its line will do for both */
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
