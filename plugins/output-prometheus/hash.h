/* Hashes of keys and texts: multiply and fold, seeded by nothing: who floods a label only slows himself. */
#ifndef OUTPUT_PROMETHEUS_HASH_H
#define OUTPUT_PROMETHEUS_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t prom_hash_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)(a ^ UINT64_C(0x9e3779b97f4a7c15)) * (b ^ UINT64_C(0xd6e8feb86659fd93));
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t prom_hash_words(const uint64_t *words, unsigned count)
{
    uint64_t hash = count;
    for (unsigned i = 0; i < count; i++)
        hash = prom_hash_mix(hash, words[i]);
    return (uint32_t)(hash ^ hash >> 32);
}

static inline uint32_t prom_hash_text(const char *text, size_t size)
{
    uint64_t hash = size, word;
    for (; size >= 8; text += 8, size -= 8) {
        memcpy(&word, text, 8);
        hash = prom_hash_mix(hash, word);
    }
    word = 0;
    memcpy(&word, text, size);
    hash = prom_hash_mix(hash, word);
    return (uint32_t)(hash ^ hash >> 32);
}

#endif
