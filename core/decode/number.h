/* Numbers as RFC 8259 writes them: grammar, and exact conversion without a detour by double. Any thread. */
#ifndef FXI_DECODE_NUMBER_H
#define FXI_DECODE_NUMBER_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Behind the number that begins at `at`, or NULL with *stop where it goes wrong (end: it is cut). */
const char *fxi_number_end(const char *at, const char *end, const char **stop);

/*
 * The value of a number (checked text), if it is an integer of at most 64 bits, however it is written: 0, with its
 * sign and magnitude; else -1. -0 is 0.
 */
int fxi_number_integer(const char *text, size_t size, bool *negative, uint64_t *magnitude);

/* The nearest double of a number (checked text) that is short enough to be converted by one exact operation. */
bool fxi_number_double_exact(const char *text, size_t size, double *value);

/* The nearest double of any (checked text, ended by NUL), read in the C locale. 0, or -1 if it overflows. */
int fxi_number_double(const char *text, locale_t c_locale, double *value);

/* The value of 1 to 16 digits. 16 bytes can be read from text. */
static inline uint64_t fxi_digits_value(const char *text, size_t size)
{
    static const uint64_t powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    uint64_t words[2], sums[2];
    memcpy(words, text, sizeof words);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    words[0] = __builtin_bswap64(words[0]);
    words[1] = __builtin_bswap64(words[1]);
#endif
    size_t second = size > 8 ? size - 8 : 0;
    size_t first = size - second;
    /* Digits to the high bytes, zeros in front of them. */
    words[0] <<= 64 - 8 * first;
    words[1] = second ? words[1] << (64 - 8 * second) : 0;
    for (int i = 0; i < 2; i++) {
        uint64_t v = words[i] & UINT64_C(0x0f0f0f0f0f0f0f0f);
        v = (v * 10 + (v >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
        v = (v * 100 + (v >> 16)) & UINT64_C(0x0000ffff0000ffff);
        sums[i] = (v * 10000 + (v >> 32)) & UINT32_MAX;
    }
    return sums[0] * powers[second] + sums[1];
}

#endif
