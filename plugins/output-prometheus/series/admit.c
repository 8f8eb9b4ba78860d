/*
 * Which series are shown. The checkpoint's thread enters this file while workers run: no lock is held while texts are
 * made.
 */
#include "series/admit.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "series/store.h"
#include "series/render.h"

int prom_admit_init(struct prom_admit *admit)
{
    return prom_table_init(&admit->shown);
}

void prom_admit_fini(struct prom_admit *admit)
{
    free(admit->held);
    free(admit->aliases);
    free(admit->fresh);
    free(admit->unnamed);
    prom_table_fini(&admit->shown);
    prom_arena_fini(&admit->texts);
    prom_buffer_fini(&admit->scratch);
}

/* The shown series with this text, or PROM_SERIES_NONE. */
static uint32_t find_shown(const struct prom_family *family, uint32_t hash, const char *text, size_t size)
{
    struct prom_probe probe = prom_probe_start(&family->admit.shown, hash);
    uint32_t number;
    while ((number = prom_probe_next(&probe)) != PROM_TABLE_NONE) {
        const struct prom_series *series = prom_series_at(&family->registry, number);
        if (series->standing.text_size == size && memcmp(prom_standing_text(&series->standing), text, size) == 0)
            break;
    }
    return number;
}

static bool show(struct prom_family *family, uint32_t number, uint32_t hash, const char *text, size_t size,
                 uint64_t checkpoint)
{
    struct prom_admit *admit = &family->admit;
    char *copy = prom_arena_alloc(&admit->texts, size);
    if (!copy || prom_table_add(&admit->shown, hash, number))
        return false;
    memcpy(copy, text, size);
    prom_standing_show(&prom_series_at(&family->registry, number)->standing, copy, size, checkpoint);
    return true;
}

static int push_alias(struct prom_admit *admit, uint32_t number, uint32_t shown_as)
{
    if (PROM_GROW(admit->aliases, &admit->alias_capacity, admit->alias_count + 1))
        return -1;
    admit->aliases[admit->alias_count++] = (struct prom_alias){.number = number, .shown_as = shown_as};
    return 0;
}

static bool add_alias(struct prom_family *family, uint32_t number, uint32_t shown_as)
{
    if (prom_life_tie(&family->life, number) || prom_life_tie(&family->life, shown_as) ||
        push_alias(&family->admit, number, shown_as))
        return false;
    prom_standing_make_alias(&prom_series_at(&family->registry, number)->standing, shown_as);
    return true;
}

void prom_admit_unshow(struct prom_family *family, uint32_t number)
{
    const struct prom_series *series = prom_series_at(&family->registry, number);
    const char *text = prom_standing_text(&series->standing);
    if (text)
        prom_table_remove(&family->admit.shown, prom_hash_text(text, series->standing.text_size), number);
}

static int push(uint32_t **items, size_t *count, size_t *capacity, uint32_t number)
{
    if (PROM_GROW(*items, capacity, *count + 1))
        return -1;
    (*items)[(*count)++] = number;
    return 0;
}

int prom_admit_again(struct prom_admit *admit, uint32_t number, bool has_names)
{
    if (push(&admit->held, &admit->held_count, &admit->held_capacity, number))
        return -1;
    return has_names ? push(&admit->unnamed, &admit->unnamed_count, &admit->unnamed_capacity, number) : 0;
}

static void note_fresh(struct prom_admit *admit, uint32_t number)
{
    if (push(&admit->fresh, &admit->fresh_count, &admit->fresh_capacity, number))
        admit->fresh_lost = true;
}

int prom_admit_redirect(struct prom_family *family, uint32_t number, uint32_t to)
{
    if (prom_life_tie(&family->life, number) || prom_life_tie(&family->life, to) ||
        push_alias(&family->admit, number, to))
        return -1;
    note_fresh(&family->admit, number);
    return 0;
}

void prom_admit_forget_fresh(struct prom_admit *admit)
{
    free(admit->fresh);
    admit->fresh = NULL;
    admit->fresh_count = admit->fresh_capacity = 0;
    admit->fresh_lost = false;
}

/* False without memory: the series stays held back. */
static bool admit_one(const struct prom_store *store, struct prom_family *family, uint32_t number, uint64_t checkpoint)
{
    struct prom_admit *admit = &family->admit;
    struct prom_buffer *text = &admit->scratch;
    text->size = 0;
    text->failed = false;
    prom_render_values(store, family, number, text);
    if (text->failed)
        return false;
    uint32_t hash = prom_hash_text(text->data, text->size);
    uint32_t shown_as = find_shown(family, hash, text->data, text->size);
    bool is_done = shown_as == PROM_SERIES_NONE ? show(family, number, hash, text->data, text->size, checkpoint)
                                                : add_alias(family, number, shown_as);
    if (is_done)
        note_fresh(admit, number);
    return is_done;
}

static bool is_settled(const struct prom_family *family, uint32_t number)
{
    return prom_standing_is_settled(&prom_series_at(&family->registry, number)->standing);
}

int prom_admit_restore_text(struct prom_family *family, uint32_t number, const char *values, size_t size)
{
    if (is_settled(family, number))
        return 0; /* shown by an earlier restore */
    uint32_t hash = prom_hash_text(values, size);
    uint32_t shown_as = find_shown(family, hash, values, size);
    bool is_done = shown_as == PROM_SERIES_NONE ? show(family, number, hash, values, size, 0)
                                                : add_alias(family, number, shown_as);
    return is_done ? 0 : -1;
}

int prom_admit_restore_alias(struct prom_family *family, uint32_t number, uint32_t shown_as)
{
    if (is_settled(family, number))
        return 0;
    return add_alias(family, number, shown_as) ? 0 : -1;
}

void prom_admit_restart(struct prom_admit *admit)
{
    admit->held_count = 0;
    admit->next = 0;
}

/*
 * There is a line for the series, and its names are known, or there will be none, or the series has waited long
 * enough.
 */
static bool may_be_shown(const struct prom_store *store, const struct prom_family *family, uint32_t number,
                         int64_t now_ms)
{
    const struct prom_series *series = prom_series_at(&family->registry, number);
    if (number != PROM_OTHER_SERIES && family->top.limit && !prom_top_has_line(family))
        return false;
    if (number == PROM_OTHER_SERIES ||
        prom_standing_held_for(&series->standing, now_ms) >= (uint64_t)store->options->names_wait)
        return true;
    for (unsigned i = 0; i < family->shown_count; i++) {
        const struct fx_cell *cell = prom_key_cell(&family->registry, series->key, i);
        if (cell ? fx_cell_state(cell) == FX_CELL_PENDING : prom_key_waits(&family->registry, series->key, i))
            return false;
    }
    return true;
}

static void admit_held(const struct prom_store *store, struct prom_family *family, uint64_t checkpoint, int64_t now_ms)
{
    struct prom_admit *admit = &family->admit;
    size_t kept = 0;
    for (size_t i = 0; i < admit->held_count; i++) {
        uint32_t number = admit->held[i];
        if (!may_be_shown(store, family, number, now_ms) || !admit_one(store, family, number, checkpoint))
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
static void admit_new(const struct prom_store *store, struct prom_family *family, uint32_t count, uint64_t checkpoint,
                      int64_t now_ms)
{
    struct prom_admit *admit = &family->admit;
    for (; admit->next < count; admit->next++) {
        if (prom_life_is_gone(&family->life, admit->next) || is_settled(family, admit->next))
            continue;
        if (may_be_shown(store, family, admit->next, now_ms) && admit_one(store, family, admit->next, checkpoint))
            continue;
        if (push(&admit->held, &admit->held_count, &admit->held_capacity, admit->next))
            return;
    }
}

size_t prom_admit_series(const struct prom_store *store, struct prom_family *family, uint32_t count,
                         uint64_t checkpoint, int64_t now_ms)
{
    admit_held(store, family, checkpoint, now_ms);
    admit_new(store, family, count, checkpoint, now_ms);
    prom_table_retire(&family->admit.shown); /* no other thread reads the table */
    prom_table_sweep(&family->admit.shown);
    return family->admit.held_count;
}

/* False: ask for the series again, since a cell is not there yet. */
static bool add_names(struct prom_store *store, const struct prom_family *family, uint32_t number)
{
    bool is_done = true;
    const struct prom_series *series = prom_series_at(&family->registry, number);
    if (prom_life_is_gone(&family->life, number))
        return true;
    for (unsigned i = family->shown_count; i < family->label_count && number != PROM_OTHER_SERIES; i++) {
        struct fx_cell *cell = prom_key_cell(&family->registry, series->key, i);
        if (cell ? prom_info_add(&store->info, cell) : prom_key_waits(&family->registry, series->key, i))
            is_done = false;
    }
    return is_done;
}

void prom_admit_names(struct prom_store *store, struct prom_family *family, uint32_t count)
{
    struct prom_admit *admit = &family->admit;
    size_t kept = 0;
    for (size_t i = 0; i < admit->unnamed_count; i++)
        if (!add_names(store, family, admit->unnamed[i]))
            admit->unnamed[kept++] = admit->unnamed[i];
    admit->unnamed_count = kept;
    for (; admit->info_next < count; admit->info_next++) {
        if (add_names(store, family, admit->info_next))
            continue;
        if (push(&admit->unnamed, &admit->unnamed_count, &admit->unnamed_capacity, admit->info_next))
            return;
    }
}

void prom_admit_merge(const struct prom_family *family, uint64_t *values, size_t count)
{
    const struct prom_admit *admit = &family->admit;
    size_t slots = family->shape.slots;
    for (size_t i = 0; i < admit->alias_count; i++) {
        struct prom_alias alias = admit->aliases[i];
        if (alias.number >= count || alias.shown_as >= count)
            continue;
        prom_shape_add(family->shape, &values[alias.shown_as * slots], &values[alias.number * slots], 1);
        memset(&values[alias.number * slots], 0, slots * sizeof *values);
    }
}
