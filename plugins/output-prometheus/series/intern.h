/*
 * Texts to numbers. The same text has the same number for all workers. Workers look texts up without a lock, and
 * take the lock only for a new text.
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

/*
 * All texts by number. The array of chunks never moves, so the text of a number that was given out is read without
 * the lock.
 */
#define PROM_TEXT_CHUNK  1024
#define PROM_TEXT_CHUNKS 65536
struct prom_text_chunk {
    const struct prom_text *texts[PROM_TEXT_CHUNK]; /* NULL: the number has no text */
    _Atomic uint32_t users[PROM_TEXT_CHUNK];        /* series that have the text in their key */
};

struct prom_intern {
    pthread_mutex_t lock; /* held while adding */
    struct prom_text_chunk **chunks;
    uint32_t count;          /* count of numbers */
    uint32_t *free, *unused; /* numbers that can be given again; numbers that are about to be (see sweep) */
    size_t free_count, free_capacity, unused_count;
    bool are_taken;         /* the unused numbers are out of the table */
    atomic_bool has_unused; /* some text may be unused now */
    struct prom_table table;
    struct prom_arena arena;
};

/* 0, or -1 without memory. The caller frees in both cases. */
int prom_intern_init(struct prom_intern *intern);
void prom_intern_fini(struct prom_intern *intern);

/*
 * The text's number. With may_add, a text without a number gets one. PROM_TEXT_NONE: the text has no number, is too
 * long, or there is no memory.
 */
uint32_t prom_intern_get(struct prom_intern *intern, const char *text, size_t size, bool may_add);

static inline const struct prom_text *prom_intern_text(const struct prom_intern *intern, uint32_t number)
{
    return intern->chunks[number / PROM_TEXT_CHUNK]->texts[number % PROM_TEXT_CHUNK];
}

/* A text may have been added for a series that was not made after all. Any thread. */
void prom_intern_expect_unused(struct prom_intern *intern);
/* One more series, or one fewer, has the text in its key. Any thread. */
void prom_intern_use(struct prom_intern *intern, uint32_t number);
void prom_intern_leave(struct prom_intern *intern, uint32_t number);

/*
 * The checkpoint's thread gives back texts that no series has, some at a time. It chooses them beside running workers.
 * It takes them away while workers stand still and none of them holds a number. It frees them beside running
 * workers.
 */
#define PROM_TEXT_SWEEP 8192
void prom_intern_choose_unused(struct prom_intern *intern);
void prom_intern_take_unused(struct prom_intern *intern);
void prom_intern_free_unused(struct prom_intern *intern);

#endif
