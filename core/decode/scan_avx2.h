/* Scanning with AVX2, if the processor has it. scan_portable.h tells what the functions do. */
#ifndef FXI_DECODE_SCAN_H
#define FXI_DECODE_SCAN_H

#include <immintrin.h>

#include "decode/decoder_parts.h"

#define FXI_TARGET __attribute__((target("avx2,bmi")))
#define FXI_HOT    static inline __attribute__((always_inline)) FXI_TARGET
#define FXI_COLD   static __attribute__((noinline, cold)) FXI_TARGET

#define SCAN_WIDTH 32

FXI_HOT __m256i scan_load(const char *at)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)at);
}

/* Loads from memory: a constant known to the compiler would be built again by three instructions at each use. */
FXI_HOT __m256i scan_constant(enum fxi_scan_byte byte)
{
    return _mm256_load_si256((const __m256i *)(const void *)fxi_scan_bytes[byte]);
}

FXI_HOT unsigned scan_special(const char *at)
{
    __m256i bytes = scan_load(at);
    __m256i quote = _mm256_cmpeq_epi8(bytes, scan_constant(FXI_SCAN_QUOTE));
    __m256i escape = _mm256_cmpeq_epi8(bytes, scan_constant(FXI_SCAN_BACKSLASH));
    /* signed, so bytes above 0x7f are found too */
    __m256i odd = _mm256_cmpgt_epi8(scan_constant(FXI_SCAN_SPACE), bytes);
    unsigned mask = (unsigned)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quote, escape), odd));
    return _tzcnt_u32(mask); /* 32 if there is none */
}

FXI_HOT unsigned scan_digits(const char *at)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
    __m128i values = _mm_sub_epi8(bytes, _mm256_castsi256_si128(scan_constant(FXI_SCAN_ZERO)));
    __m128i nine = _mm256_castsi256_si128(scan_constant(FXI_SCAN_NINE));
    __m128i digit = _mm_cmpeq_epi8(_mm_min_epu8(values, nine), values);
    return _tzcnt_u32(~(unsigned)_mm_movemask_epi8(digit));
}

FXI_HOT bool scan_glue(const char *at, const struct fxi_entry *entry)
{
    unsigned same = (unsigned)_mm256_movemask_epi8(_mm256_cmpeq_epi8(scan_load(at), scan_load(entry->glue)));
    return (entry->glue_mask & ~same) == 0;
}

#endif
