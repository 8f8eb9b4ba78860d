#include "names/layout.h"

#include <string.h>

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Reads the number at *at, with or without "AS", and moves *at behind it. False: there is no number of 32 bits. */
static bool take_number(char **at, const char *end, uint32_t *number)
{
    uint64_t value = 0;
    char *begin = *at;
    if (end - begin > 2 && begin[0] == 'A' && begin[1] == 'S')
        begin += 2;
    char *digit = begin;
    for (; digit < end && *digit >= '0' && *digit <= '9'; digit++) {
        value = value * 10 + (uint64_t)(*digit - '0');
        if (value > UINT32_MAX)
            return false;
    }
    *at = digit;
    *number = (uint32_t)value;
    return digit > begin;
}

static char *skip_spaces(char *at, const char *end)
{
    while (at < end && (*at == ' ' || *at == '\t'))
        at++;
    return at;
}

/*
 * Takes the field of a CSV line at *at, and moves *at to the next one, or to end. Quotes are removed in place. Gives its
 * size.
 */
static size_t take_field(char **at, char *end, char **field)
{
    char *from = *at, *to = *at;
    bool is_quoted = from < end && *from == '"';
    *field = to;
    for (from += is_quoted; from < end && (is_quoted || *from != ','); from++) {
        if (is_quoted && *from == '"' && !(from + 1 < end && from[1] == '"')) {
            is_quoted = false; /* what follows up to the comma belongs to it */
            continue;
        }
        from += is_quoted && *from == '"';
        *to++ = *from;
    }
    *at = from < end ? from + 1 : end;
    return (size_t)(to - *field);
}

/* A class and a country may follow the name. The country goes behind the name, as in the other layouts. */
static bool read_csv_rest(char *at, char *end, struct whois_layout *found)
{
    char *field;
    size_t size = 0;
    found->name_size = take_field(&at, end, &found->name);
    for (int i = 0; i < 2; i++)
        size = at < end ? take_field(&at, end, &field) : 0;
    while (size && (field[size - 1] == '\r' || field[size - 1] == ' '))
        size--;
    if (size == 2 && is_letter(field[0]) && is_letter(field[1])) {
        const char country[] = {',', ' ', field[0], field[1]};
        memcpy(found->name + found->name_size, country, sizeof country); /* over the two fields and their commas */
        found->name_size += sizeof country;
    }
    return true;
}

/* at: the first field of a CSV line, which is a number or, in GeoLite2's files, a prefix with the number after it. */
static bool read_csv(char *at, char *end, struct whois_layout *found)
{
    char *field;
    size_t size = take_field(&at, end, &field);
    bool is_prefix = memchr(field, '/', size) && (memchr(field, '.', size) || memchr(field, ':', size));
    if (is_prefix)
        size = take_field(&at, end, &field);
    char *number = field;
    if (!take_number(&number, field + size, &found->first) || number != field + size || at >= end)
        return false;
    found->last = found->first;
    if (!is_prefix)
        return read_csv_rest(at, end, found);
    found->name_size = take_field(&at, end, &found->name);
    return true;
}

/* at: behind the number. The name is the last of five columns, or of two in a short answer. */
static bool read_cymru(char *at, char *end, struct whois_layout *found)
{
    int columns = 0;
    for (char *bar = at; columns < 4 && (bar = memchr(bar, '|', (size_t)(end - bar))); bar++, columns++)
        at = bar + 1;
    found->name = skip_spaces(at, end);
    found->name_size = (size_t)(end - found->name);
    while (found->name_size && strchr(" \r", found->name[found->name_size - 1]))
        found->name_size--;
    bool is_none = found->name_size == 2 && memcmp(found->name, "NA", 2) == 0;
    return (columns == 4 || columns == 1) && !is_none;
}

/* Characters that HTML writes as names. */
static size_t unescape(char *text, size_t size)
{
    static const struct {
        const char *escape;
        char c;
    } table[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&#39;", '\''}};
    char *to = text;
    for (size_t i = 0; i < size;) {
        size_t taken = 0;
        for (size_t j = 0; j < sizeof table / sizeof *table && !taken; j++) {
            size_t length = strlen(table[j].escape);
            if (i + length <= size && memcmp(text + i, table[j].escape, length) == 0) {
                *to++ = table[j].c;
                taken = length;
            }
        }
        if (!taken)
            *to++ = text[i];
        i += taken ? taken : 1;
    }
    return (size_t)(to - text);
}

static bool read_html(char *at, char *end, struct whois_layout *found)
{
    at = memchr(at, '>', (size_t)(end - at));
    if (!at || (at++, !take_number(&at, end, &found->first)))
        return false;
    at = skip_spaces(at, end);
    if (end - at < 4 || memcmp(at, "</a>", 4) != 0)
        return false;
    found->last = found->first;
    found->name = skip_spaces(at + 4, end);
    found->name_size = unescape(found->name, (size_t)(end - found->name));
    return true;
}

/* ARIN's columns are separated by two spaces or more. The name is the first column. */
static size_t first_column(const char *text, size_t size)
{
    size_t start = 0;
    while (start < size && text[start] == ' ')
        start++;
    const char *gap = memmem(text + start, size - start, "  ", 2);
    return gap ? (size_t)(gap - text) : size;
}

bool whois_layout_read(char *line, size_t size, struct whois_layout *found)
{
    char *at = line, *end = line + size, *stop;
    bool is_arin = *at == ' ';
    while (at < end && *at == ' ')
        at++;
    if (end - at > 2 && memcmp(at, "<a ", 3) == 0)
        return read_html(at, end, found);
    stop = at;
    if (at < end &&
        (*at == '"' || !take_number(&stop, end, &found->first) || (stop < end && *stop && strchr(",.:/", *stop))))
        return read_csv(at, end, found);
    at = stop;
    found->last = found->first;
    if (at < end && *at == '-' && (at++, !take_number(&at, end, &found->last) || found->last < found->first))
        return false;
    if (at == end || (*at != '\t' && *at != ' '))
        return false;
    char *after = skip_spaces(at, end);
    if (after < end && *after == '|')
        return read_cymru(after, end, found);
    found->name = at;
    found->name_size = is_arin ? first_column(at, (size_t)(end - at)) : (size_t)(end - at);
    return true;
}
