/*
 * Team Cymru's bulk dialect: thousands of numbers in one connection.
 *
 *     begin                    Bulk mode; whois.cymru.com [2026-01-01 00:00:00 +0000]
 *     verbose                  15169   | US | arin     | 2000-03-30 | GOOGLE - Google LLC, US
 *     AS15169                  64500   | NA | NA       | NA         | NA
 *     ...                      Error: no ASN or IP match on line 5.
 *     end
 *
 * A name may contain '|': the fifth column is the rest of the line.
 */
#include "dialect.h"

#include <stdbool.h>
#include <string.h>

static void write_query(struct whois_text *out, const uint32_t *numbers, size_t count)
{
    whois_text_printf(out, "begin\nverbose\n");
    for (size_t i = 0; i < count; i++)
        whois_text_printf(out, "AS%lu\n", (unsigned long)numbers[i]);
    whois_text_printf(out, "end\n");
}

static bool starts_with(const char *line, size_t size, const char *prefix)
{
    size_t length = strlen(prefix);
    return size >= length && memcmp(line, prefix, length) == 0;
}

/* Column 1, which nothing but spaces may follow up to the first '|'. */
static bool read_number(const char *line, size_t size, uint32_t *number)
{
    uint64_t value = 0;
    size_t i = 0;
    for (; i < size && line[i] >= '0' && line[i] <= '9'; i++) {
        value = value * 10 + (uint64_t)(line[i] - '0');
        if (value > UINT32_MAX)
            return false;
    }
    if (i == 0)
        return false;
    while (i < size && line[i] == ' ')
        i++;
    *number = (uint32_t)value;
    return i < size && line[i] == '|';
}

/* The text after the fourth '|', or NULL. */
static const char *find_name(const char *line, size_t size)
{
    const char *end = line + size;
    for (int column = 1; column < 5; column++) {
        line = memchr(line, '|', (size_t)(end - line));
        if (!line)
            return NULL;
        line++;
    }
    return line;
}

static void trim(const char **text, size_t *size)
{
    while (*size > 0 && **text == ' ') {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && (*text)[*size - 1] == ' ')
        (*size)--;
}

static enum whois_line_kind read_line(const char *line, size_t size, struct whois_line *line_out)
{
    if (starts_with(line, size, "Bulk mode;"))
        return WHOIS_LINE_GREETING;
    if (starts_with(line, size, "Error: no ASN or IP match"))
        return WHOIS_LINE_NO_MATCH;
    if (!read_number(line, size, &line_out->number))
        return WHOIS_LINE_OTHER;
    const char *name = find_name(line, size);
    if (!name)
        return WHOIS_LINE_OTHER;
    line_out->name = name;
    line_out->name_size = size - (size_t)(name - line);
    trim(&line_out->name, &line_out->name_size);
    bool is_none = line_out->name_size == 0 || (line_out->name_size == 2 && memcmp(line_out->name, "NA", 2) == 0);
    return is_none ? WHOIS_LINE_UNKNOWN : WHOIS_LINE_NAME;
}

const struct whois_dialect whois_cymru = {"cymru", write_query, read_line};
