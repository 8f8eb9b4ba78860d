/*
 * Texts to numbers: the same text has the same number for all workers, who look it up without a lock and take the
 * lock only for a text that is new.
 */
#ifndef OUTPUT_PROMETHEUS_INTERN_H
#define OUTPUT_PROMETHEUS_INTERN_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "table.h"

#define PROM_TEXT_EMPTY 0 /* the number of "" */
#define PROM_TEXT_NONE  UINT32_MAX
/* Longer texts have no number: their records are counted in 'other'. */
#define PROM_TEXT_MAX 4096

struct prom_text {
    uint32_t size;
    char data[];
};

/* All texts by number. The array of chunks never moves, so a number that was handed out is read without the lock. */
#define PROM_TEXT_CHUNK  1024
#define PROM_TEXT_CHUNKS 65536
struct prom_intern {
    pthread_mutex_t lock; /* of adding */
    const struct prom_text ***chunks;
    uint32_t count;
    struct prom_table table;
    struct prom_arena arena;
};

/* 0, or -1 without memory. To be freed in both cases. */
int prom_intern_init(struct prom_intern *intern);
void prom_intern_fini(struct prom_intern *intern);

/*
 * The text's number. A text without a number gets one if may_add. PROM_TEXT_NONE: it has none, it is too long, or
 * there is no memory.
 */
uint32_t prom_intern_get(struct prom_intern *intern, const char *text, size_t size, bool may_add);

static inline const struct prom_text *prom_intern_text(const struct prom_intern *intern, uint32_t number)
{
    return intern->chunks[number / PROM_TEXT_CHUNK][number % PROM_TEXT_CHUNK];
}

#endif
