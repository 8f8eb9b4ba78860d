/* Log lines, as text and as JSON. Everything belongs to the caller's thread. */
#include "log/line.h"

#include <stdbool.h>
#include <string.h>
#include <syslog.h>

#include "util/clean.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/*
 * Adds a quoted text with JSON's escapes. They are also used for quoted values in text lines. Characters that a
 * terminal would obey are escaped, too. A byte that is not valid UTF-8 is shown as the Latin-1 character with its
 * number.
 */
static void add_quoted(struct fxi_str *out, const char *text, size_t length)
{
    const char *end = text + length;
    fxi_str_puts(out, "\"");
    while (text < end) {
        uint32_t point;
        size_t size;
        bool is_clean = fxi_clean_size(text, end, &point, &size) != 0;
        if (point == '"' || point == '\\')
            fxi_str_printf(out, "\\%c", (char)point);
        else if (point == '\n')
            fxi_str_puts(out, "\\n");
        else if (is_clean)
            fxi_str_add(out, text, size);
        else if (point > 0xffff)
            fxi_str_printf(out, "\\u%04x\\u%04x", (unsigned)(0xd800 + ((point - 0x10000) >> 10)),
                           (unsigned)(0xdc00 + ((point - 0x10000) & 0x3ff)));
        else
            fxi_str_printf(out, "\\u%04x", (unsigned)point);
        text += size;
    }
    fxi_str_puts(out, "\"");
}

static bool needs_quotes(const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        uint32_t point;
        size_t size;
        if (!fxi_clean_size(text, end, &point, &size) || point == ' ' || point == '"' || point == '\\' || point == '=')
            return true;
        text += size;
    }
    return length == 0;
}

/* JSON can't express the numbers that printf writes as "nan" and "inf". */
static bool is_finite(const char *number, size_t size)
{
    return size && number[size - 1] >= '0' && number[size - 1] <= '9';
}

static void add_pair(struct fxi_str *out, enum fxi_log_format format, const char *pair, size_t size)
{
    static const char ends[] = {'=', FXI_LOG_NUMBER, '\0'};
    size_t key_size = strcspn(pair, ends);
    key_size = key_size < size ? key_size : size;
    const char *value = key_size < size ? pair + key_size + 1 : "";
    size_t value_size = key_size < size ? size - key_size - 1 : 0;
    if (format == FXI_LOG_JSON) {
        fxi_str_puts(out, ",");
        add_quoted(out, pair, key_size);
        fxi_str_puts(out, ":");
        if (pair[key_size] == FXI_LOG_NUMBER && is_finite(value, value_size))
            fxi_str_add(out, value, value_size);
        else
            add_quoted(out, value, value_size);
        return;
    }
    fxi_str_puts(out, " ");
    fxi_str_add(out, pair, key_size);
    fxi_str_puts(out, "=");
    if (needs_quotes(value, value_size))
        add_quoted(out, value, value_size);
    else
        fxi_str_add(out, value, value_size);
}

static void add_pairs(struct fxi_str *out, enum fxi_log_format format, const char *pairs, size_t pairs_size)
{
    for (const char *at = pairs, *end = pairs + pairs_size; at < end;) {
        size_t size = strnlen(at, (size_t)(end - at));
        if (size)
            add_pair(out, format, at, size);
        at += size + 1;
    }
}

void fxi_log_priority(struct fxi_str *out, enum fx_log_level level)
{
    static const int numbers[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
    fxi_str_printf(out, "<%d>", numbers[level]);
}

void fxi_log_line(struct fxi_str *out, enum fxi_log_format format, const char *time, enum fx_log_level level,
                  const char *speaker, const char *sentence, const char *pairs, size_t pairs_size)
{
    if (!time)
        fxi_log_priority(out, level);
    if (format == FXI_LOG_JSON) {
        fxi_str_puts(out, "{");
        if (time)
            fxi_str_printf(out, "\"time\":\"%s\",", time);
        fxi_str_printf(out, "\"level\":\"%s\"", level_names[level]);
        if (speaker) {
            fxi_str_puts(out, ",\"plugin\":");
            add_quoted(out, speaker, strlen(speaker));
        }
        fxi_str_puts(out, ",\"message\":");
        add_quoted(out, sentence, strlen(sentence));
    } else {
        fxi_str_printf(out, "%s%s%-5s ", time ? time : "", time ? " " : "", level_names[level]);
        if (speaker)
            fxi_str_printf(out, "%s: ", speaker);
        fxi_str_puts(out, sentence);
    }
    add_pairs(out, format, pairs, pairs_size);
    fxi_str_puts(out, format == FXI_LOG_JSON ? "}\n" : "\n");
}
