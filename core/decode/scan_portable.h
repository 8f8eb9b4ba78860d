/*
 * Scanning eight bytes at a time in ordinary registers, on any processor. All scan_*.h have the same functions, and
 * each parse_*.c includes one of them. Tests run every one.
 */
#ifndef FXI_DECODE_SCAN_H
#define FXI_DECODE_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "decode/decoder_parts.h"

#define FXI_HOT  static inline __attribute__((always_inline))
#define FXI_COLD static __attribute__((noinline, cold))

/* How many bytes scan_special looks at. */
#define SCAN_WIDTH 8

#define SCAN_LOW  UINT64_C(0x7f7f7f7f7f7f7f7f)
#define SCAN_HIGH UINT64_C(0x8080808080808080)
#define SCAN_ALL  UINT64_C(0x0101010101010101)

/* The first byte is the lowest one. */
FXI_HOT uint64_t scan_load(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

/* Sets the high bit of each byte that differs from c. No borrow crosses bytes. */
FXI_HOT uint64_t scan_differs(uint64_t word, unsigned char c)
{
    uint64_t diff = word ^ (SCAN_ALL * c);
    return ((diff & SCAN_LOW) + SCAN_LOW) | diff;
}

/* The index of the first byte that is not plain text (quote, backslash, control, or above 0x7f), or SCAN_WIDTH. */
FXI_HOT unsigned scan_special(const char *at)
{
    uint64_t word = scan_load(at);
    uint64_t printable = (word & SCAN_LOW) + SCAN_ALL * 0x60;
    uint64_t special = ~(scan_differs(word, '"') & scan_differs(word, '\\') & printable & ~word) & SCAN_HIGH;
    return special ? (unsigned)__builtin_ctzll(special) / 8 : SCAN_WIDTH;
}

FXI_HOT unsigned scan_eight_digits(const char *at)
{
    uint64_t diff = scan_load(at) ^ (SCAN_ALL * '0');
    uint64_t other = (((diff & SCAN_LOW) + SCAN_ALL * 0x76) | diff) & SCAN_HIGH;
    return other ? (unsigned)__builtin_ctzll(other) / 8 : 8;
}

/* The number of digits here: 0 to 16. */
FXI_HOT unsigned scan_digits(const char *at)
{
    unsigned count = scan_eight_digits(at);
    return FXI_UNLIKELY(count == 8) ? 8 + scan_eight_digits(at + 8) : count;
}

/* Whether the entry's glue stands here. FXI_GLUE_MAX bytes must be readable. */
FXI_HOT bool scan_glue(const char *at, const struct fxi_entry *entry)
{
    return memcmp(at, entry->glue, entry->glue_size) == 0;
}

#endif
