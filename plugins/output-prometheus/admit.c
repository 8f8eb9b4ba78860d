/* Which series are shown. The checkpoint's owner, beside running workers: no lock is held while texts are made. */
#include "admit.h"

#include <stdlib.h>
#include <string.h>

#include "hash.h"
#include "prom.h"
#include "render.h"

int prom_admit_init(struct prom_admit *admit)
{
    return prom_table_init(&admit->shown);
}

void prom_admit_fini(struct prom_admit *admit)
{
    free(admit->held);
    free(admit->aliases);
    prom_table_fini(&admit->shown);
    prom_arena_fini(&admit->texts);
    prom_buffer_fini(&admit->scratch);
}

/* Room for one more item; the array, or NULL without memory. */
static void *make_room_in(void *items, size_t count, size_t *capacity, size_t item_bytes)
{
    if (count < *capacity)
        return items;
    size_t bigger_capacity = *capacity ? *capacity * 2 : 256;
    void *bigger = realloc(items, bigger_capacity * item_bytes);
    if (bigger)
        *capacity = bigger_capacity;
    return bigger;
}

/* The shown series with the text that is in scratch, or PROM_SERIES_NONE. */
static uint32_t find_shown(const struct prom_family *family, uint32_t hash)
{
    const struct prom_buffer *text = &family->admit.scratch;
    struct prom_probe probe = prom_probe_start(&family->admit.shown, hash);
    uint32_t number;
    while ((number = prom_probe_next(&probe)) != PROM_TABLE_NONE) {
        const struct prom_series *series = prom_series_at(&family->registry, number);
        if (series->text_size == text->size &&
            memcmp(atomic_load_explicit(&series->text, memory_order_relaxed), text->data, text->size) == 0)
            break;
    }
    return number;
}

static bool show(struct prom_family *family, uint32_t number, uint32_t hash, uint64_t checkpoint)
{
    struct prom_admit *admit = &family->admit;
    struct prom_series *series = prom_series_at(&family->registry, number);
    char *text = prom_arena_alloc(&admit->texts, admit->scratch.size);
    if (!text || prom_table_add(&admit->shown, hash, number))
        return false;
    memcpy(text, admit->scratch.data, admit->scratch.size);
    series->text_size = (uint32_t)admit->scratch.size;
    series->since = (uint32_t)checkpoint;
    atomic_store_explicit(&series->text, text, memory_order_release);
    return true;
}

static bool add_alias(struct prom_admit *admit, uint32_t number, uint32_t shown_as)
{
    struct prom_alias *aliases =
        make_room_in(admit->aliases, admit->alias_count, &admit->alias_capacity, sizeof *aliases);
    if (!aliases)
        return false;
    admit->aliases = aliases;
    admit->aliases[admit->alias_count++] = (struct prom_alias){.number = number, .shown_as = shown_as};
    return true;
}

/* False without memory: it stays held back. */
static bool admit_one(const struct prom_output *output, struct prom_family *family, uint32_t number,
                      uint64_t checkpoint)
{
    struct prom_admit *admit = &family->admit;
    admit->scratch.size = 0;
    admit->scratch.failed = false;
    prom_render_values(output, family, number, &admit->scratch);
    if (admit->scratch.failed)
        return false;
    uint32_t hash = prom_hash_text(admit->scratch.data, admit->scratch.size);
    uint32_t shown_as = find_shown(family, hash);
    return shown_as == PROM_SERIES_NONE ? show(family, number, hash, checkpoint) : add_alias(admit, number, shown_as);
}

/* Its names are there, or there will be none, or it has waited long enough. */
static bool may_be_shown(const struct prom_output *output, const struct prom_family *family, uint32_t number,
                         int64_t now_ms)
{
    const struct prom_series *series = prom_series_at(&family->registry, number);
    if (number == PROM_OTHER_SERIES || (uint32_t)now_ms - series->since >= (uint64_t)output->options->names_wait)
        return true;
    for (unsigned i = 0; i < family->label_count; i++) {
        const struct fx_cell *cell = prom_key_cell(&family->registry, series->key, i);
        if (cell && fx_cell_state(cell) == FX_CELL_PENDING)
            return false;
    }
    return true;
}

static void look_at_held(const struct prom_output *output, struct prom_family *family, uint64_t checkpoint,
                         int64_t now_ms)
{
    struct prom_admit *admit = &family->admit;
    size_t kept = 0;
    for (size_t i = 0; i < admit->held_count; i++) {
        uint32_t number = admit->held[i];
        if (!may_be_shown(output, family, number, now_ms) || !admit_one(output, family, number, checkpoint))
            admit->held[kept++] = number;
    }
    admit->held_count = kept;
    if (kept == 0) {
        free(admit->held);
        admit->held = NULL;
        admit->held_capacity = 0;
    }
}

/* Without memory the rest is left for the next checkpoint. */
static void look_at_new(const struct prom_output *output, struct prom_family *family, uint32_t count,
                        uint64_t checkpoint, int64_t now_ms)
{
    struct prom_admit *admit = &family->admit;
    for (; admit->next < count; admit->next++) {
        if (may_be_shown(output, family, admit->next, now_ms) && admit_one(output, family, admit->next, checkpoint))
            continue;
        uint32_t *held = make_room_in(admit->held, admit->held_count, &admit->held_capacity, sizeof *held);
        if (!held)
            return;
        admit->held = held;
        admit->held[admit->held_count++] = admit->next;
    }
}

size_t prom_admit_series(const struct prom_output *output, struct prom_family *family, uint32_t count,
                         uint64_t checkpoint, int64_t now_ms)
{
    look_at_held(output, family, checkpoint, now_ms);
    look_at_new(output, family, count, checkpoint, now_ms);
    prom_table_retire(&family->admit.shown); /* nobody else looks in it */
    prom_table_sweep(&family->admit.shown);
    return family->admit.held_count;
}

void prom_admit_merge(const struct prom_admit *admit, uint64_t *values, size_t count)
{
    for (size_t i = 0; i < admit->alias_count; i++) {
        struct prom_alias alias = admit->aliases[i];
        if (alias.number >= count)
            continue;
        values[alias.shown_as] = prom_sum(values[alias.shown_as], values[alias.number]);
        values[alias.number] = 0;
    }
}
