/* Escapes: their grammar and their meaning. Off the hot path, since flow records have few. Any thread. */
#include "decode/string.h"

#include <stdint.h>
#include <string.h>

#include "util/utf8.h"

#define UNICODE_DIGITS 4

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* The character of a one-letter escape, or 0. */
static char simple_escape(char c)
{
    switch (c) {
    case '"':
    case '\\':
    case '/':
        return c;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

const char *fxi_escape_end(const char *at, const char *end, const char **stop)
{
    if (at < end && simple_escape(*at))
        return at + 1;
    if (at < end && *at == 'u') {
        const char *digits_end = at + 1;
        while (digits_end < end && digits_end - at <= UNICODE_DIGITS && hex_value(*digits_end) >= 0)
            digits_end++;
        if (digits_end - at > UNICODE_DIGITS)
            return digits_end;
        at = digits_end;
    }
    *stop = at;
    return NULL;
}

static uint32_t unicode_value(const char *digits)
{
    uint32_t value = 0;
    for (int i = 0; i < UNICODE_DIGITS; i++)
        value = value << 4 | (uint32_t)hex_value(digits[i]);
    return value;
}

/* Writes the code point after [\u], which may take two escapes. Gives the place after it. */
static const char *take_unicode(const char *at, const char *end, char *to, size_t *size)
{
    uint32_t point = unicode_value(at);
    at += UNICODE_DIGITS;
    bool is_high = point >= 0xd800 && point < 0xdc00;
    if (is_high && end - at >= 2 + UNICODE_DIGITS && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = unicode_value(at + 2);
        if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
            at += 2 + UNICODE_DIGITS;
        }
    }
    *size = fxi_utf8_put(to, point);
    return at;
}

/* Takes a byte or an escape, and writes its 1 to 4 bytes. */
static const char *take_piece(const char *at, const char *end, char *to, size_t *size)
{
    if (*at != '\\') {
        *to = *at;
        *size = 1;
        return at + 1;
    }
    if (at[1] == 'u')
        return take_unicode(at + 2, end, to, size);
    *to = simple_escape(at[1]);
    *size = 1;
    return at + 2;
}

size_t fxi_string_unescape(char *to, const char *text, size_t size)
{
    const char *end = text + size;
    char *start = to;
    while (text < end) {
        size_t piece;
        text = take_piece(text, end, to, &piece);
        to += piece;
    }
    return (size_t)(to - start);
}

bool fxi_string_equals(const char *text, size_t size, const char *name, size_t name_size)
{
    const char *end = text + size;
    while (text < end) {
        char bytes[4];
        size_t piece;
        text = take_piece(text, end, bytes, &piece);
        if (piece > name_size || memcmp(bytes, name, piece) != 0)
            return false;
        name += piece;
        name_size -= piece;
    }
    return name_size == 0;
}
