/* What may be printed on a terminal. Any thread. The functions keep no state. */
#include "util/clean.h"

#include <stdbool.h>
#include <string.h>

#include "util/utf8.h"

/*
 * Control characters of ASCII and of Latin-1 (U+009B begins a sequence as ESC [ does), separators of lines, and
 * characters that change the direction of text: with these, the name of a file or an AS could read as another name.
 */
static bool is_harmful(uint32_t point)
{
    return point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0x61c || point == 0x200e || point == 0x200f ||
           (point >= 0x2028 && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069) || point == 0xfeff ||
           (point >= 0xe0000 && point < 0xe0080);
}

static uint32_t point_of(const unsigned char *at, size_t size)
{
    uint32_t point = size == 1 ? at[0] : at[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        point = point << 6 | (at[i] & 0x3fu);
    return point;
}

size_t fxi_clean_size(const char *at, const char *end, uint32_t *point, size_t *size)
{
    *size = fxi_utf8_size(at, end);
    if (*size == 0 || *size > (size_t)(end - at)) {
        *point = (unsigned char)*at;
        *size = 1;
        return 0;
    }
    *point = point_of((const unsigned char *)at, *size);
    return is_harmful(*point) ? 0 : *size;
}

void fxi_clean_add(struct fxi_str *out, const char *text, size_t length)
{
    const char *end = text + length;
    while (text < end) {
        uint32_t point;
        size_t size;
        if (fxi_clean_size(text, end, &point, &size))
            fxi_str_add(out, text, size);
        else
            fxi_str_printf(out, size == 1 ? "\\x%02x" : "\\u%04x", (unsigned)point);
        text += size;
    }
}

void fxi_clean_print(FILE *out, const char *text)
{
    struct fxi_str clean = {0};
    fxi_clean_add(&clean, text, strlen(text));
    fwrite(clean.data ? clean.data : "", 1, clean.size, out);
    fxi_str_fini(&clean);
}
