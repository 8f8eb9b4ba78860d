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

#define PROM_KEY_WORDS    5
#define PROM_OTHER_SERIES 0
/* A word of a key that is the number of a text; other words of texts are addresses of cells. */
#define PROM_KEY_TEXT (UINT64_C(1) << 63)

struct prom_series {
    uint64_t key[PROM_KEY_WORDS];
    _Atomic(const char *) text; /* its labels as shown, for ever; NULL: held back */
    uint32_t text_size;         /* text_size and admitted are written before text */
    uint32_t admitted;          /* the number of the checkpoint since which it is shown */
};

/* A series that is held back until its names are known. */
struct prom_held {
    uint32_t number;
    int64_t since_ms;
};

#define PROM_SERIES_CHUNK 4096
struct prom_registry {
    pthread_mutex_t lock;
    struct prom_series **chunks; /* room for all that max_series allows */
    size_t chunk_count;
    uint32_t count, limit; /* of series, with 'other' */
    struct prom_registry_slot {
        uint32_t hash;
        uint32_t number; /* plus one; 0: free */
    } * slots;
    size_t mask;
    struct prom_held *held;
    size_t held_count, held_capacity;
    char *text_at; /* label texts, in blocks */
    size_t text_left;
    void *text_blocks;
};

int prom_registry_init(struct prom_registry *registry, uint32_t max_series);
void prom_registry_fini(struct prom_registry *registry);

static inline struct prom_series *prom_series_at(const struct prom_registry *registry, uint32_t number)
{
    return &registry->chunks[number / PROM_SERIES_CHUNK][number % PROM_SERIES_CHUNK];
}

/* The key's number. *is_new: it was made just now (and is held back); PROM_OTHER_SERIES when there are too many. */
uint32_t prom_registry_get(struct prom_registry *registry, const uint64_t *key, uint32_t hash, int64_t now_ms,
                           bool *is_new);
/* Memory for a label text, as long as the registry; under the lock. NULL without memory. */
char *prom_registry_text(struct prom_registry *registry, size_t size);
uint32_t prom_registry_count(struct prom_registry *registry);

#endif
