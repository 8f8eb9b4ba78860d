/* Cuts text into lines. Pieces may end anywhere, even inside a character or between CR and LF. */
#include "base/lines.h"

#include <string.h>

void whois_lines_init(struct whois_lines *lines)
{
    lines->size = lines->raw_size = 0;
    lines->too_long = lines->after_cr = false;
}

static size_t find_end(const char *data, size_t size)
{
    size_t i = 0;
    while (i < size && data[i] != '\n' && data[i] != '\r')
        i++;
    return i;
}

static void add(struct whois_lines *lines, const char *data, size_t size)
{
    lines->raw_size += size;
    if (size > WHOIS_LINE_MAX - lines->size)
        lines->too_long = true;
    if (lines->too_long)
        return;
    memcpy(lines->line + lines->size, data, size);
    lines->size += size;
}

void whois_lines_feed(struct whois_lines *lines, const char *data, size_t size,
                      void (*take)(void *arg, char *line, size_t size), void *arg)
{
    while (size > 0) {
        if (lines->after_cr && *data == '\n') {
            lines->raw_size++;
            lines->after_cr = false;
            data++;
            size--;
            continue;
        }
        size_t length = find_end(data, size);
        lines->after_cr = false;
        add(lines, data, length);
        if (length == size)
            return;
        lines->raw_size++;
        lines->after_cr = data[length] == '\r';
        if (!lines->too_long) {
            take(arg, lines->line, lines->size);
            lines->raw_size = 0;
        }
        lines->size = 0;
        lines->too_long = false;
        data += length + 1;
        size -= length + 1;
    }
}
