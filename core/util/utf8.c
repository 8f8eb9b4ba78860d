/* UTF-8, one character at a time: for texts in which bytes above 0x7f are rare. Any thread. */
#include "util/utf8.h"

/* The size that the lead byte announces, and the range of the second byte (RFC 3629, section 4). */
static size_t lead_size(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = 0x80;
    *high = 0xbf;
    if (lead < 0x80)
        return 1;
    if (lead < 0xc2)
        return 0;
    if (lead < 0xe0)
        return 2;
    if (lead < 0xf0) {
        if (lead == 0xe0)
            *low = 0xa0;
        if (lead == 0xed)
            *high = 0x9f;
        return 3;
    }
    if (lead == 0xf0)
        *low = 0x90;
    if (lead == 0xf4)
        *high = 0x8f;
    return lead < 0xf5 ? 4 : 0;
}

size_t fxi_utf8_size(const char *at, const char *end)
{
    unsigned char low, high;
    size_t size = lead_size((unsigned char)*at, &low, &high);
    size_t there = (size_t)(end - at);
    for (size_t i = 1; i < size && i < there; i++) {
        unsigned char byte = (unsigned char)at[i];
        if (byte < low || byte > high)
            return 0;
        low = 0x80;
        high = 0xbf;
    }
    return size;
}

size_t fxi_utf8_put(char *to, uint32_t point)
{
    if (point >= 0xd800 && point < 0xe000)
        point = 0xfffd;
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    size_t size = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    static const unsigned char lead[5] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i; i--) {
        to[i] = (char)(0x80 | (point & 0x3f));
        point >>= 6;
    }
    to[0] = (char)(lead[size] | point);
    return size;
}
