/* Scanning with SSE2, which every x86-64 processor has. scan_portable.h tells what the functions do. */
#ifndef FXI_DECODE_SCAN_H
#define FXI_DECODE_SCAN_H

#include <emmintrin.h>

#include "decode/decoder_parts.h"

#define FXI_HOT  static inline __attribute__((always_inline))
#define FXI_COLD static __attribute__((noinline, cold))

#define SCAN_WIDTH 16

FXI_HOT __m128i scan_load(const char *at)
{
    return _mm_loadu_si128((const __m128i *)(const void *)at);
}

/* Loads from memory: a constant known to the compiler would be built again by several instructions at each use. */
FXI_HOT __m128i scan_constant(enum fxi_scan_byte byte)
{
    return _mm_load_si128((const __m128i *)(const void *)fxi_scan_bytes[byte]);
}

FXI_HOT unsigned scan_special(const char *at)
{
    __m128i bytes = scan_load(at);
    __m128i quote = _mm_cmpeq_epi8(bytes, scan_constant(FXI_SCAN_QUOTE));
    __m128i escape = _mm_cmpeq_epi8(bytes, scan_constant(FXI_SCAN_BACKSLASH));
    __m128i odd = _mm_cmplt_epi8(bytes, scan_constant(FXI_SCAN_SPACE)); /* signed, so bytes above 0x7f are found too */
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(quote, escape), odd));
    return (unsigned)__builtin_ctz(mask | 1U << SCAN_WIDTH);
}

FXI_HOT unsigned scan_digits(const char *at)
{
    __m128i values = _mm_sub_epi8(scan_load(at), scan_constant(FXI_SCAN_ZERO));
    __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(values, scan_constant(FXI_SCAN_NINE)), values);
    return (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(digit));
}

FXI_HOT bool scan_glue(const char *at, const struct fxi_entry *entry)
{
    __m128i low = _mm_cmpeq_epi8(scan_load(at), scan_load(entry->glue));
    __m128i high = _mm_cmpeq_epi8(scan_load(at + 16), scan_load(entry->glue + 16));
    unsigned same = (unsigned)_mm_movemask_epi8(low) | (unsigned)_mm_movemask_epi8(high) << 16;
    return (entry->glue_mask & ~same) == 0;
}

#endif
