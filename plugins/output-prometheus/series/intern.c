/* Texts to numbers. Workers look texts up. A thread that adds holds the lock. */
#include "series/intern.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"

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

/* A number that has no text, and its place. */
static uint32_t pick_number(struct prom_intern *intern, const struct prom_text ***place)
{
    uint32_t number = intern->free_count ? intern->free[intern->free_count - 1] : intern->count;
    if (number == (uint32_t)PROM_TEXT_CHUNK * PROM_TEXT_CHUNKS)
        return PROM_TEXT_NONE;
    struct prom_text_chunk **chunk = &intern->chunks[number / PROM_TEXT_CHUNK];
    if (!*chunk && !(*chunk = calloc(1, sizeof **chunk)))
        return PROM_TEXT_NONE;
    *place = &(*chunk)->texts[number % PROM_TEXT_CHUNK];
    return number;
}

/* The caller holds the lock. */
static uint32_t add_text(struct prom_intern *intern, uint32_t hash, const char *text, size_t size)
{
    const struct prom_text **place, *copy;
    uint32_t number = size > PROM_TEXT_MAX ? PROM_TEXT_NONE : pick_number(intern, &place);
    if (number == PROM_TEXT_NONE || !(copy = copy_text(intern, text, size)))
        return PROM_TEXT_NONE;
    *place = copy;
    if (prom_table_add(&intern->table, hash, number)) {
        *place = NULL;
        prom_arena_give(&intern->arena, (void *)(uintptr_t)copy, sizeof *copy + size);
        return PROM_TEXT_NONE;
    }
    if (number == intern->count)
        intern->count++;
    else
        intern->free_count--;
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
    free(intern->free);
    free(intern->unused);
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

static _Atomic uint32_t *users_of(const struct prom_intern *intern, uint32_t number)
{
    return &intern->chunks[number / PROM_TEXT_CHUNK]->users[number % PROM_TEXT_CHUNK];
}

void prom_intern_use(struct prom_intern *intern, uint32_t number)
{
    atomic_fetch_add_explicit(users_of(intern, number), 1, memory_order_relaxed);
}

void prom_intern_leave(struct prom_intern *intern, uint32_t number)
{
    if (atomic_fetch_sub_explicit(users_of(intern, number), 1, memory_order_relaxed) == 1)
        atomic_store_explicit(&intern->has_unused, true, memory_order_relaxed);
}

void prom_intern_expect_unused(struct prom_intern *intern)
{
    atomic_store_explicit(&intern->has_unused, true, memory_order_relaxed);
}

static bool is_unused(const struct prom_intern *intern, uint32_t number)
{
    return prom_intern_text(intern, number) && !atomic_load_explicit(users_of(intern, number), memory_order_relaxed);
}

/* Makes room for the numbers to come. False without memory: then unused texts stay for now. */
static bool reserve_sweep(struct prom_intern *intern)
{
    if (!intern->unused && !(intern->unused = malloc(PROM_TEXT_SWEEP * sizeof *intern->unused)))
        return false;
    return PROM_GROW(intern->free, &intern->free_capacity, intern->free_count + PROM_TEXT_SWEEP) == 0;
}

void prom_intern_choose_unused(struct prom_intern *intern)
{
    prom_intern_free_unused(intern); /* left by a cut that was not completed */
    if (!atomic_load_explicit(&intern->has_unused, memory_order_relaxed))
        return;
    pthread_mutex_lock(&intern->lock);
    bool has_room = reserve_sweep(intern);
    intern->unused_count = 0;
    for (uint32_t i = PROM_TEXT_EMPTY + 1; has_room && i < intern->count; i++) {
        if (!is_unused(intern, i))
            continue;
        if (intern->unused_count == PROM_TEXT_SWEEP)
            break;
        intern->unused[intern->unused_count++] = i;
    }
    if (has_room && intern->unused_count < PROM_TEXT_SWEEP)
        atomic_store_explicit(&intern->has_unused, false, memory_order_relaxed);
    pthread_mutex_unlock(&intern->lock);
}

/* Some texts may have got a series since they were chosen. */
void prom_intern_take_unused(struct prom_intern *intern)
{
    size_t kept = 0;
    for (size_t i = 0; i < intern->unused_count; i++) {
        const struct prom_text *text = prom_intern_text(intern, intern->unused[i]);
        if (is_unused(intern, intern->unused[i]) &&
            prom_table_remove(&intern->table, prom_hash_text(text->data, text->size), intern->unused[i]))
            intern->unused[kept++] = intern->unused[i];
    }
    intern->unused_count = kept;
    intern->are_taken = true;
}

void prom_intern_free_unused(struct prom_intern *intern)
{
    if (!intern->are_taken)
        return;
    pthread_mutex_lock(&intern->lock);
    for (size_t i = 0; i < intern->unused_count; i++) {
        uint32_t number = intern->unused[i];
        const struct prom_text *text = prom_intern_text(intern, number);
        prom_arena_give(&intern->arena, (void *)(uintptr_t)text, sizeof *text + text->size);
        intern->chunks[number / PROM_TEXT_CHUNK]->texts[number % PROM_TEXT_CHUNK] = NULL;
        intern->free[intern->free_count++] = number;
    }
    intern->unused_count = 0;
    intern->are_taken = false;
    pthread_mutex_unlock(&intern->lock);
}
