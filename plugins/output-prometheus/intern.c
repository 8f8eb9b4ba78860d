/* Texts to numbers. Workers; the shared part under its lock. */
#include "intern.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"

#define FIRST_SLOTS 64

void prom_text_table_fini(struct prom_text_table *table)
{
    free(table->slots);
    *table = (struct prom_text_table){0};
}

static uint32_t find(const struct prom_intern *intern, const struct prom_text_table *table, uint32_t hash,
                     const char *text, size_t size)
{
    if (!table->slots)
        return PROM_TEXT_NONE;
    for (size_t at = hash & table->mask; table->slots[at].number; at = (at + 1) & table->mask) {
        if (table->slots[at].hash != hash)
            continue;
        const struct prom_text *known = prom_intern_text(intern, table->slots[at].number - 1);
        if (known->size == size && memcmp(known->data, text, size) == 0)
            return table->slots[at].number - 1;
    }
    return PROM_TEXT_NONE;
}

static void place(struct prom_text_table *table, uint32_t hash, uint32_t number)
{
    size_t at = hash & table->mask;
    while (table->slots[at].number)
        at = (at + 1) & table->mask;
    table->slots[at] = (struct prom_text_slot){.hash = hash, .number = number + 1};
    table->count++;
}

/* Twice the slots when three quarters are taken. */
static int make_room(struct prom_text_table *table)
{
    if (table->slots && (table->count + 1) * 4 <= (table->mask + 1) * 3)
        return 0;
    size_t slots = table->slots ? (table->mask + 1) * 2 : FIRST_SLOTS;
    struct prom_text_table bigger = {.slots = calloc(slots, sizeof *table->slots), .mask = slots - 1};
    if (!bigger.slots)
        return -1;
    for (size_t i = 0; table->slots && i <= table->mask; i++)
        if (table->slots[i].number)
            place(&bigger, table->slots[i].hash, table->slots[i].number - 1);
    free(table->slots);
    *table = bigger;
    return 0;
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
    if (size > PROM_TEXT_MAX || number == (uint32_t)PROM_TEXT_CHUNK * PROM_TEXT_CHUNKS || make_room(&intern->table))
        return PROM_TEXT_NONE;
    const struct prom_text ***chunk = &intern->chunks[number / PROM_TEXT_CHUNK];
    if (!*chunk && !(*chunk = calloc(PROM_TEXT_CHUNK, sizeof **chunk)))
        return PROM_TEXT_NONE;
    const struct prom_text *copy = copy_text(intern, text, size);
    if (!copy)
        return PROM_TEXT_NONE;
    (*chunk)[number % PROM_TEXT_CHUNK] = copy;
    place(&intern->table, hash, number);
    intern->count++;
    return number;
}

int prom_intern_init(struct prom_intern *intern)
{
    *intern = (struct prom_intern){0};
    pthread_mutex_init(&intern->lock, NULL);
    intern->chunks = calloc(PROM_TEXT_CHUNKS, sizeof *intern->chunks);
    return intern->chunks && add_text(intern, prom_hash_text("", 0), "", 0) == PROM_TEXT_EMPTY ? 0 : -1;
}

void prom_intern_fini(struct prom_intern *intern)
{
    for (uint32_t i = 0; intern->chunks && i < PROM_TEXT_CHUNKS && intern->chunks[i]; i++)
        free(intern->chunks[i]);
    free(intern->chunks);
    prom_text_table_fini(&intern->table);
    prom_arena_fini(&intern->arena);
    pthread_mutex_destroy(&intern->lock);
}

uint32_t prom_intern_get(struct prom_intern *intern, struct prom_text_table *own, const char *text, size_t size,
                         bool may_add)
{
    uint32_t hash = prom_hash_text(text, size);
    uint32_t number = find(intern, own, hash, text, size);
    if (number != PROM_TEXT_NONE)
        return number;
    pthread_mutex_lock(&intern->lock);
    number = find(intern, &intern->table, hash, text, size);
    if (number == PROM_TEXT_NONE && may_add)
        number = add_text(intern, hash, text, size);
    pthread_mutex_unlock(&intern->lock);
    if (number != PROM_TEXT_NONE && make_room(own) == 0) /* without memory the lock is taken each time */
        place(own, hash, number);
    return number;
}
