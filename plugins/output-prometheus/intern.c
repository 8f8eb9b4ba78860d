/* Texts to numbers. Workers look up; who adds holds the lock. */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

static uint32_t find(const struct prom_intern *intern, uint32_t hash, const char *text, size_t size)
{
    struct prom_probe probe = prom_probe_start(&intern->table, hash);
    uint32_t number;
    while ((number = prom_probe_next(&probe)) != PROM_TABLE_NONE) {
        const struct prom_text *known = prom_intern_text(intern, number);
        if (known->size == size && prom_text_equal(known->data, text, size))
            return number;
    }
    return PROM_TEXT_NONE;
}

static const struct prom_text *copy_text(struct prom_intern *intern, const char *text, size_t size)
{
    struct prom_text *copy = prom_arena_alloc(&intern->arena, sizeof *copy + size);
    if (!copy)
        return NULL;
    copy->size = (uint32_t)size;
    memcpy(copy->data, text, size);
    return copy;
}

/* Under the lock. */
static uint32_t add_text(struct prom_intern *intern, uint32_t hash, const char *text, size_t size)
{
    uint32_t number = intern->count;
    if (size > PROM_TEXT_MAX || number == (uint32_t)PROM_TEXT_CHUNK * PROM_TEXT_CHUNKS)
        return PROM_TEXT_NONE;
    const struct prom_text ***chunk = &intern->chunks[number / PROM_TEXT_CHUNK];
    if (!*chunk && !(*chunk = calloc(PROM_TEXT_CHUNK, sizeof **chunk)))
        return PROM_TEXT_NONE;
    const struct prom_text *copy = copy_text(intern, text, size);
    if (!copy)
        return PROM_TEXT_NONE;
    (*chunk)[number % PROM_TEXT_CHUNK] = copy;
    if (prom_table_add(&intern->table, hash, number))
        return PROM_TEXT_NONE;
    intern->count++;
    return number;
}

int prom_intern_init(struct prom_intern *intern)
{
    *intern = (struct prom_intern){0};
    pthread_mutex_init(&intern->lock, NULL);
    intern->chunks = calloc(PROM_TEXT_CHUNKS, sizeof *intern->chunks);
    if (!intern->chunks || prom_table_init(&intern->table))
        return -1;
    return add_text(intern, prom_hash_text("", 0), "", 0) == PROM_TEXT_EMPTY ? 0 : -1;
}

void prom_intern_fini(struct prom_intern *intern)
{
    for (uint32_t i = 0; intern->chunks && i < PROM_TEXT_CHUNKS && intern->chunks[i]; i++)
        free(intern->chunks[i]);
    free(intern->chunks);
    prom_table_fini(&intern->table);
    prom_arena_fini(&intern->arena);
    pthread_mutex_destroy(&intern->lock);
}

uint32_t prom_intern_get(struct prom_intern *intern, const char *text, size_t size, bool may_add)
{
    uint32_t hash = prom_hash_text(text, size);
    uint32_t number = find(intern, hash, text, size);
    if (number != PROM_TEXT_NONE || !may_add)
        return number;
    pthread_mutex_lock(&intern->lock);
    number = find(intern, hash, text, size);
    if (number == PROM_TEXT_NONE)
        number = add_text(intern, hash, text, size);
    pthread_mutex_unlock(&intern->lock);
    return number;
}
