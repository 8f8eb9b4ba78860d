/*
 * Name cells: reference-counted texts that arrive late. State and references are atomic. A text is read and replaced
 * under one of a few striped locks. Only slow paths take them: a resolver's answer, an output's new series.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/record.h>

#define STRIPES 16

struct fx_cell {
    _Atomic uint32_t references;
    _Atomic uint32_t state; /* enum fx_cell_state */
    uint32_t size;          /* of text; both are guarded by the cell's stripe */
    char *text;
    uint32_t key_size;
    char key[];
};

static pthread_mutex_t stripes[STRIPES] = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER,
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};

static pthread_mutex_t *stripe_of(const struct fx_cell *cell)
{
    return &stripes[((uintptr_t)cell >> 5) % STRIPES];
}

struct fx_cell *fx_cell_new_keyed(const char *key, size_t size)
{
    struct fx_cell *cell = calloc(1, sizeof *cell + size);
    if (!cell)
        return NULL;
    atomic_init(&cell->references, 1);
    cell->key_size = (uint32_t)size;
    if (size)
        memcpy(cell->key, key, size);
    return cell;
}

struct fx_cell *fx_cell_new(void)
{
    return fx_cell_new_keyed("", 0);
}

const char *fx_cell_key(const struct fx_cell *cell, size_t *size)
{
    *size = cell->key_size;
    return cell->key;
}

struct fx_cell *fx_cell_ref(struct fx_cell *cell)
{
    atomic_fetch_add_explicit(&cell->references, 1, memory_order_relaxed);
    return cell;
}

void fx_cell_unref(struct fx_cell *cell)
{
    if (!cell || atomic_fetch_sub_explicit(&cell->references, 1, memory_order_acq_rel) != 1)
        return;
    free(cell->text);
    free(cell);
}

int fx_cell_is_shared(const struct fx_cell *cell)
{
    return atomic_load_explicit(&cell->references, memory_order_acquire) > 1;
}

/* The size of the text, cut to FX_CELL_TEXT_MAX bytes at the beginning of a character. */
static size_t cut_size(const char *text, size_t size)
{
    if (size <= FX_CELL_TEXT_MAX)
        return size;
    size = FX_CELL_TEXT_MAX;
    while (size && ((unsigned char)text[size] & 0xc0) == 0x80)
        size--;
    return size;
}

int fx_cell_set(struct fx_cell *cell, enum fx_cell_state state, const char *text, size_t size)
{
    size = cut_size(text, size);
    char *copy = size ? malloc(size) : NULL;
    if (size && !copy)
        return FX_ENOMEM;
    if (size)
        memcpy(copy, text, size);
    pthread_mutex_lock(stripe_of(cell));
    char *old = cell->text;
    cell->text = copy;
    cell->size = (uint32_t)size;
    atomic_store_explicit(&cell->state, state, memory_order_release);
    pthread_mutex_unlock(stripe_of(cell));
    free(old);
    return 0;
}

enum fx_cell_state fx_cell_state(const struct fx_cell *cell)
{
    return atomic_load_explicit(&cell->state, memory_order_acquire);
}

enum fx_cell_state fx_cell_read(const struct fx_cell *cell, char *buffer, size_t *size)
{
    pthread_mutex_lock(stripe_of(cell));
    enum fx_cell_state state = fx_cell_state(cell);
    *size = cell->size;
    if (cell->size)
        memcpy(buffer, cell->text, cell->size);
    pthread_mutex_unlock(stripe_of(cell));
    return state;
}
