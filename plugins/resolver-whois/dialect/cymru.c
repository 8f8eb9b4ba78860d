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
#include "dialect/dialects.h"

#include <stdbool.h>
#include <string.h>

static void write_query(struct whois_text *out, const char *flags, const uint32_t *numbers, size_t count)
{
    (void)flags;
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

/* Column 1. Only spaces may follow the number up to the first '|'. */
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

static void take_row(struct whois_reading *reading, uint32_t number, const char *name, size_t size)
{
    char kept[WHOIS_NAME_MAX];
    struct whois_parts parts = {.text = name, .text_size = size};
    trim(&parts.text, &parts.text_size);
    bool is_none = parts.text_size == 2 && memcmp(parts.text, "NA", 2) == 0;
    size_t kept_size = is_none ? 0 : whois_name_join(&parts, kept);
    enum whois_said said = kept_size > 0 ? WHOIS_SAID_NAME : WHOIS_SAID_UNKNOWN;
    reading->take(reading->arg, said, number, kept, kept_size);
}

static void read_line(struct whois_reading *reading, const char *line, size_t size, size_t raw_size)
{
    uint32_t number;
    (void)raw_size;
    if (starts_with(line, size, "Bulk mode;")) {
        reading->is_greeted = true;
    } else if (starts_with(line, size, "Error: no ASN or IP match")) {
        reading->take(reading->arg, WHOIS_SAID_NO_MATCH, 0, "", 0);
    } else if (read_number(line, size, &number)) {
        const char *name = find_name(line, size);
        if (name)
            take_row(reading, number, name, size - (size_t)(name - line));
    } else {
        reading->is_refused |= starts_with(line, size, "Error:") && whois_line_is_refusal(line, size);
    }
}

const struct whois_dialect whois_cymru = {.name = "cymru",
                                          .is_bulk = true,
                                          .connections = 1,
                                          .batch = 5000,
                                          .write_query = write_query,
                                          .read_line = read_line};
