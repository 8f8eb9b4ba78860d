/* Scanning with NEON, which every arm64 processor has. scan_portable.h tells what the functions do. */
#ifndef FXI_DECODE_SCAN_H
#define FXI_DECODE_SCAN_H

#include <arm_neon.h>

#include "decode/decoder_parts.h"

#define FXI_HOT  static inline __attribute__((always_inline))
#define FXI_COLD static __attribute__((noinline, cold))

#define SCAN_WIDTH 16

FXI_HOT uint8x16_t scan_load(const char *at)
{
    return vld1q_u8((const uint8_t *)at);
}

/* The index of the first 255 among bytes that are 0 or 255; 16 if there is none. Four bits stand for each byte. */
FXI_HOT unsigned scan_first(uint8x16_t found)
{
    uint64_t nibbles = vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(found), 4)), 0);
    return nibbles ? (unsigned)__builtin_ctzll(nibbles) / 4 : SCAN_WIDTH;
}

FXI_HOT unsigned scan_special(const char *at)
{
    uint8x16_t bytes = scan_load(at);
    uint8x16_t quote = vceqq_u8(bytes, vdupq_n_u8('"'));
    uint8x16_t escape = vceqq_u8(bytes, vdupq_n_u8('\\'));
    /* signed, so bytes above 0x7f are found too */
    uint8x16_t odd = vcltq_s8(vreinterpretq_s8_u8(bytes), vdupq_n_s8(0x20));
    return scan_first(vorrq_u8(vorrq_u8(quote, escape), odd));
}

FXI_HOT unsigned scan_digits(const char *at)
{
    uint8x16_t values = vsubq_u8(scan_load(at), vdupq_n_u8('0'));
    return scan_first(vcgtq_u8(values, vdupq_n_u8(9)));
}

FXI_HOT bool scan_glue(const char *at, const struct fxi_entry *entry)
{
    /* From index 32 - n on: n bytes that count, then bytes that do not. */
    static const uint8_t counting[2 * FXI_GLUE_MAX] = {
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
    };
    const uint8_t *mask = counting + FXI_GLUE_MAX - entry->glue_size;
    uint8x16_t low = vandq_u8(veorq_u8(scan_load(at), scan_load(entry->glue)), vld1q_u8(mask));
    uint8x16_t high = vandq_u8(veorq_u8(scan_load(at + 16), scan_load(entry->glue + 16)), vld1q_u8(mask + 16));
    return vmaxvq_u8(vorrq_u8(low, high)) == 0;
}

#endif
