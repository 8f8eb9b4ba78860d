/* Numbers as RFC 8259 writes them: the grammar, and exact conversion that does not go through double. Any thread. */
#ifndef FXI_DECODE_NUMBER_H
#define FXI_DECODE_NUMBER_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * Gives the place after the number at `at`. On a fault gives NULL; *stop is its place, or end if the number is cut off.
 */
const char *fxi_number_end(const char *at, const char *end, const char **stop);

/*
 * Converts a number, whose text was checked, to an integer of at most 64 bits, however it is written. Gives 0 with sign
 * and magnitude, or -1. -0 is 0.
 */
int fxi_number_integer(const char *text, size_t size, bool *negative, uint64_t *magnitude);

/* Converts a checked number to the nearest double. False: it is too long for one exact operation. */
bool fxi_number_double_exact(const char *text, size_t size, double *value);

/* Converts any checked number, ended by NUL, to the nearest double in the C locale. Gives 0, or -1 on overflow. */
int fxi_number_double(const char *text, locale_t c_locale, double *value);

/* The value of 1 to 8 digits. 8 bytes of text must be readable. */
static inline uint64_t fxi_eight_digits_value(const char *text, size_t size)
{
    uint64_t word;
    memcpy(&word, text, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    word <<= 64 - 8 * size; /* digits to the high bytes, with zeros before them */
    word &= UINT64_C(0x0f0f0f0f0f0f0f0f);
    word = (word * 10 + (word >> 8)) & UINT64_C(0x00ff00ff00ff00ff);
    word = (word * 100 + (word >> 16)) & UINT64_C(0x0000ffff0000ffff);
    return (word * 10000 + (word >> 32)) & UINT32_MAX;
}

/* The value of 1 to 16 digits. 16 bytes of text must be readable. */
static inline uint64_t fxi_digits_value(const char *text, size_t size)
{
    static const uint64_t powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};
    if (__builtin_expect(size <= 8, 1))
        return fxi_eight_digits_value(text, size);
    return fxi_eight_digits_value(text, 8) * powers[size - 8] + fxi_eight_digits_value(text + 8, size - 8);
}

#endif
