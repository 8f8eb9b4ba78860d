/*
 * Texts to numbers: the same text has the same number for all workers, who look it up without a lock and take the
 * lock only for a text that is new.
 */
#ifndef OUTPUT_PROMETHEUS_INTERN_H
#define OUTPUT_PROMETHEUS_INTERN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/table.h"

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
struct prom_text_chunk {
    const struct prom_text *texts[PROM_TEXT_CHUNK]; /* NULL: a number without a text */
    _Atomic uint32_t users[PROM_TEXT_CHUNK];        /* series that have the text in their key */
};

struct prom_intern {
    pthread_mutex_t lock; /* of adding */
    struct prom_text_chunk **chunks;
    uint32_t count;          /* of numbers */
    uint32_t *free, *unused; /* numbers that can be given again; that are to be, see sweep */
    size_t free_count, free_capacity, unused_count;
    bool are_taken;         /* the unused ones are in the table no more */
    atomic_bool has_unused; /* a text may be in use no more */
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
    return intern->chunks[number / PROM_TEXT_CHUNK]->texts[number % PROM_TEXT_CHUNK];
}

/* A text may have been added for a series that there is not after all. Any thread. */
void prom_intern_expect_unused(struct prom_intern *intern);
/* A series more, or less, has the text in its key. Any thread. */
void prom_intern_use(struct prom_intern *intern, uint32_t number);
void prom_intern_leave(struct prom_intern *intern, uint32_t number);

/*
 * Texts that no series has are given back, some at a time, by the checkpoint's owner: chosen beside workers, taken away
 * while they stand still and none has a number in its hands, freed beside them.
 */
#define PROM_TEXT_SWEEP 8192
void prom_intern_choose_unused(struct prom_intern *intern);
void prom_intern_take_unused(struct prom_intern *intern);
void prom_intern_free_unused(struct prom_intern *intern);

#endif
