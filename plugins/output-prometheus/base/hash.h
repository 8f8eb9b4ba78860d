/*
 * Hashes of keys and texts: multiply and fold, without a seed. A sender that floods a label slows only its own
 * records.
 */
#ifndef OUTPUT_PROMETHEUS_HASH_H
#define OUTPUT_PROMETHEUS_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t prom_hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xd6e8feb86659fd93));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Pairs are multiplied beside each other, not one after the other. */
static inline uint32_t prom_hash_words(const uint64_t *words, unsigned count)
{
    uint64_t hash = count;
    unsigned i = 0;
    for (; i + 1 < count; i += 2)
        hash += prom_hash_mix(words[i] + i, words[i + 1] + (uint64_t)i * UINT64_C(0xa0761d6478bd642f));
    if (i < count)
        hash ^= prom_hash_mix(words[i], count);
    hash = prom_hash_mix(hash, count);
    return (uint32_t)(hash ^ hash >> 32);
}

static inline uint64_t prom_load_8(const char *from)
{
    uint64_t word;
    memcpy(&word, from, 8);
    return word;
}

/* Loads all bytes of a text shorter than 8 bytes, so that the same size and word mean the same text. */
static inline uint64_t prom_load_short(const char *text, size_t size)
{
    if (size >= 4) {
        uint32_t first, last;
        memcpy(&first, text, 4);
        memcpy(&last, text + size - 4, 4);
        return (uint64_t)first << 32 | last;
    }
    if (size == 0)
        return 0;
    return (uint64_t)(unsigned char)text[0] << 16 | (uint64_t)(unsigned char)text[size / 2] << 8 |
           (unsigned char)text[size - 1];
}

static inline uint64_t prom_hash_text_wide(const char *text, size_t size)
{
    uint64_t hash = size, last = size < 8 ? prom_load_short(text, size) : prom_load_8(text + size - 8);
    for (size_t at = 0; at + 8 < size; at += 8)
        hash = prom_hash_mix(hash, prom_load_8(text + at));
    return prom_hash_mix(hash, last);
}

static inline uint32_t prom_hash_text(const char *text, size_t size)
{
    uint64_t hash = prom_hash_text_wide(text, size);
    return (uint32_t)(hash ^ hash >> 32);
}

/* For short texts, where a call costs more than the comparison. */
static inline bool prom_text_equal(const char *a, const char *b, size_t size)
{
    if (size < 8)
        return prom_load_short(a, size) == prom_load_short(b, size);
    for (size_t at = 0; at + 8 < size; at += 8)
        if (prom_load_8(a + at) != prom_load_8(b + at))
            return false;
    return prom_load_8(a + size - 8) == prom_load_8(b + size - 8);
}

#endif
