/*
 * Cleaning of names. Well-formed UTF-8 is defined by Unicode's table 3-7: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 */
#include "names/clean.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The length of the well-formed character at text, or 0. */
static size_t character_size(const unsigned char *text, size_t size)
{
    unsigned char first = text[0], low = 0x80, high = 0xbf;
    size_t length;
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        length = 2;
    else if ((first & 0xf0) == 0xe0)
        length = 3;
    else if (first >= 0xf0 && first <= 0xf4)
        length = 4;
    else
        return 0;
    if (length > size)
        return 0;
    /* The second byte's range keeps out overlong forms, surrogates and what lies beyond Unicode. */
    if (first == 0xe0)
        low = 0xa0;
    else if (first == 0xed)
        high = 0x9f;
    else if (first == 0xf0)
        low = 0x90;
    else if (first == 0xf4)
        high = 0x8f;
    if (text[1] < low || text[1] > high)
        return 0;
    for (size_t i = 2; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    return length;
}

/* Whether the text is only printable ASCII, as nearly all names are. Eight bytes at a time. */
static bool is_plain(const char *text, size_t size)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t bad = 0, word;
    size_t i = 0;
    for (; i + sizeof(word) <= size; i += sizeof(word)) {
        memcpy(&word, text + i, sizeof(word));
        /* Not ASCII, DEL, or below a space: the last is exact as long as the word is ASCII. */
        bad |= word | (word + ones) | (word - ones * 0x20);
        if (bad & tops)
            return false;
    }
    for (; i < size; i++)
        if (text[i] < 0x20 || text[i] > 0x7e)
            return false;
    return true;
}

bool whois_is_utf8(const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    if (is_plain(text, size))
        return true;
    for (size_t i = 0, length; i < size; i += length) {
        length = character_size(bytes + i, size - i);
        if (length == 0)
            return false;
    }
    return true;
}

size_t whois_to_utf8(const char *text, size_t size, char *out)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t out_size = 0;
    for (size_t i = 0; i < size;) {
        size_t length = character_size(bytes + i, size - i);
        if (length == 0) {
            out[out_size++] = (char)(0xc0 | bytes[i] >> 6);
            out[out_size++] = (char)(0x80 | (bytes[i] & 0x3f));
            i++;
            continue;
        }
        memcpy(out + out_size, bytes + i, length);
        out_size += length;
        i += length;
    }
    return out_size;
}

/*
 * Characters that a terminal obeys, and those that change a line's direction or end it (U+202E and similar, U+2028,
 * U+FEFF).
 */
static bool is_control(const unsigned char *text)
{
    if (text[0] < 0x80)
        return text[0] < 0x20 || text[0] == 0x7f;
    if (text[0] == 0xc2 || text[0] == 0xd8)
        return text[0] == 0xc2 ? text[1] < 0xa0 : text[1] == 0x9c;
    if (text[0] == 0xe2 && text[1] == 0x80)
        return text[2] == 0x8e || text[2] == 0x8f || (text[2] >= 0xa8 && text[2] <= 0xae);
    if (text[0] == 0xe2 && text[1] == 0x81)
        return text[2] >= 0xa6 && text[2] <= 0xa9;
    return text[0] == 0xef && text[1] == 0xbb && text[2] == 0xbf;
}

/* Trims a text that needs no other cleaning. */
static size_t trim(char *text, size_t size)
{
    size_t start = 0;
    while (size > 0 && text[size - 1] == ' ')
        size--;
    while (start < size && text[start] == ' ')
        start++;
    if (start > 0)
        memmove(text, text + start, size - start);
    return size - start;
}

size_t whois_clean(char *text, size_t size)
{
    unsigned char *bytes = (unsigned char *)text;
    size_t out = 0;
    if (size > 0 && text[0] == '\t') /* as the lists write it between number and name */
        text[0] = ' ';
    if (is_plain(text, size))
        return trim(text, size);
    for (size_t in = 0; in < size;) {
        size_t length = character_size(bytes + in, size - in);
        if (length == 0) {
            in++;
            continue;
        }
        if (bytes[in] == '\t')
            bytes[in] = ' ';
        bool leading_space = bytes[in] == ' ' && out == 0;
        if (!leading_space && !is_control(bytes + in)) {
            memmove(bytes + out, bytes + in, length);
            out += length;
        }
        in += length;
    }
    while (out > 0 && bytes[out - 1] == ' ')
        out--;
    return out;
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_letter(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

size_t whois_strip_country(const char *text, size_t size)
{
    size_t left = size;
    if (size >= 4 && is_letter(text[size - 1]) && is_letter(text[size - 2]) && memcmp(text + size - 4, ", ", 2) == 0)
        left = size - 4;
    else if (size >= 3 && is_upper(text[size - 1]) && is_upper(text[size - 2]) && text[size - 3] == ',')
        left = size - 3;
    else if (size >= 1 && text[size - 1] == ',')
        left = size - 1;
    /* Some names end in commas of their own before the country: "Ltda.,,, BR". */
    while (left > 0 && (text[left - 1] == ' ' || text[left - 1] == ','))
        left--;
    return left;
}
