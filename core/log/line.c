/* Log lines, as text and as JSON. The caller's thread only. */
#include "log/line.h"

#include <string.h>

static const char *const level_names[] = {"error", "warn", "info", "debug"};

/* JSON's escapes; also used for quoted values in text. Bytes over 0x7f go as they are. */
static void add_quoted(struct fxi_str *out, const char *text, size_t size)
{
    fxi_str_puts(out, "\"");
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '"' || c == '\\')
            fxi_str_printf(out, "\\%c", c);
        else if (c == '\n')
            fxi_str_puts(out, "\\n");
        else if (c < 0x20 || c == 0x7f)
            fxi_str_printf(out, "\\u%04x", c);
        else
            fxi_str_add(out, text + i, 1);
    }
    fxi_str_puts(out, "\"");
}

static int needs_quotes(const char *text, size_t size)
{
    if (size == 0)
        return 1;
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c <= 0x20 || c == 0x7f || c == '"' || c == '\\' || c == '=')
            return 1;
    }
    return 0;
}

static void add_pair(struct fxi_str *out, enum fxi_log_format format, const char *pair, size_t size)
{
    const char *equals = memchr(pair, '=', size);
    size_t key_size = equals ? (size_t)(equals - pair) : size;
    const char *value = equals ? equals + 1 : "";
    size_t value_size = equals ? size - key_size - 1 : 0;
    if (format == FXI_LOG_JSON) {
        fxi_str_puts(out, ",");
        add_quoted(out, pair, key_size);
        fxi_str_puts(out, ":");
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

static void add_pairs(struct fxi_str *out, enum fxi_log_format format, const char *pairs)
{
    while (*pairs) {
        const char *end = strchr(pairs, FXI_LOG_SEPARATOR);
        size_t size = end ? (size_t)(end - pairs) : strlen(pairs);
        if (size)
            add_pair(out, format, pairs, size);
        pairs += size + (end != NULL);
    }
}

void fxi_log_line(struct fxi_str *out, enum fxi_log_format format, const char *time, enum fx_log_level level,
                  const char *speaker, const char *sentence, const char *pairs)
{
    if (format == FXI_LOG_JSON) {
        fxi_str_printf(out, "{\"time\":\"%s\",\"level\":\"%s\"", time, level_names[level]);
        if (speaker) {
            fxi_str_puts(out, ",\"plugin\":");
            add_quoted(out, speaker, strlen(speaker));
        }
        fxi_str_puts(out, ",\"message\":");
        add_quoted(out, sentence, strlen(sentence));
    } else {
        fxi_str_printf(out, "%s %-5s ", time, level_names[level]);
        if (speaker)
            fxi_str_printf(out, "%s: ", speaker);
        fxi_str_puts(out, sentence);
    }
    add_pairs(out, format, pairs);
    fxi_str_puts(out, format == FXI_LOG_JSON ? "}\n" : "\n");
}
