/*
 * Series of one metric: a key (a word a label) has one number for all workers.
 * Series live in chunks that never move: a number that was handed out is read
 * without the lock. Number 0 is the series 'other', where records go whose
 * series would be too many.
 */
#ifndef OUTPUT_PROMETHEUS_REGISTRY_H
#define OUTPUT_PROMETHEUS_REGISTRY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROM_LABELS_MAX   8
#define PROM_OTHER_SERIES 0
#define PROM_SERIES_NONE  UINT32_MAX
/* In the word of a text label: the number of a text; without this bit the word is a cell's address. */
#define PROM_KEY_TEXT (UINT64_C(1) << 63)

/* text_size and since are written before text, by the checkpoint's owner (admit.c); key and since by who makes it. */
struct prom_series {
    _Atomic(const char *) text; /* its labels as shown, for ever; NULL: not shown */
    uint32_t text_size;
    uint32_t since; /* shown: since this checkpoint; held back: since this time in ms, cut to 32 bits */
    uint64_t key[];
};

#define PROM_SERIES_CHUNK 4096
struct prom_registry {
    pthread_mutex_t lock;
    unsigned words;         /* of a key */
    unsigned text_words;    /* a bit for each that is a text */
    size_t series_bytes;    /* of one series */
    char **chunks;          /* room for all that the limit allows */
    _Atomic uint32_t count; /* of series, with 'other'; written under the lock */
    uint32_t limit;
    struct prom_registry_slot {
        uint32_t hash;
        uint32_t number; /* plus one; 0: free */
    } * slots;
    size_t mask;
};

/* 0, or -1 without memory. To be freed in both cases. */
int prom_registry_init(struct prom_registry *registry, unsigned words, unsigned text_words, uint32_t max_series);
/* Drops the cells, too, that series hold. */
void prom_registry_fini(struct prom_registry *registry);

static inline struct prom_series *prom_series_at(const struct prom_registry *registry, uint32_t number)
{
    char *chunk = registry->chunks[number / PROM_SERIES_CHUNK];
    return (struct prom_series *)(void *)(chunk + number % PROM_SERIES_CHUNK * registry->series_bytes);
}

static inline uint32_t prom_registry_count(const struct prom_registry *registry)
{
    return atomic_load_explicit(&registry->count, memory_order_acquire);
}

static inline bool prom_registry_is_full(const struct prom_registry *registry)
{
    return prom_registry_count(registry) >= registry->limit;
}

/* The cell in a word of the key, or NULL. */
static inline struct fx_cell *prom_key_cell(const struct prom_registry *registry, const uint64_t *key, unsigned word)
{
    bool is_cell = registry->text_words >> word & 1 && !(key[word] & PROM_KEY_TEXT);
    return is_cell ? (struct fx_cell *)(uintptr_t)key[word] : NULL;
}

/* The key's number; a new series keeps its cells. PROM_OTHER_SERIES when there are too many, or without memory. */
uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash);

#endif
