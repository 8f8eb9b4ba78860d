/* The line cutter. Pieces may end anywhere, also inside a character or between CR and LF. */
#include "lines.h"

#include <string.h>

void whois_lines_init(struct whois_lines *lines)
{
    lines->size = 0;
    lines->too_long = false;
}

static size_t find_end(const char *data, size_t size)
{
    size_t i = 0;
    while (i < size && data[i] != '\n' && data[i] != '\r')
        i++;
    return i;
}

void whois_lines_feed(struct whois_lines *lines, const char *data, size_t size,
                      void (*take)(void *arg, char *line, size_t size), void *arg)
{
    while (size > 0) {
        size_t length = find_end(data, size);
        if (length > WHOIS_LINE_MAX - lines->size)
            lines->too_long = true;
        if (!lines->too_long) {
            memcpy(lines->line + lines->size, data, length);
            lines->size += length;
        }
        if (length == size)
            return;
        if (!lines->too_long && lines->size > 0)
            take(arg, lines->line, lines->size);
        whois_lines_init(lines);
        data += length + 1;
        size -= length + 1;
    }
}
