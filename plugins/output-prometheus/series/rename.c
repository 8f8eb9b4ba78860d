/* Renamed series. Without memory a name stays as it is until there is some. */
#include "series/rename.h"

#include <stdlib.h>
#include <string.h>

#include "base/grow.h"
#include "base/hash.h"
#include "series/store.h"
#include "series/render.h"

/*
 * How many series get their text made again at a checkpoint, to see whether it has changed: this takes some
 * milliseconds.
 */
#define SLICE 16384

void prom_rename_fini(struct prom_rename *rename)
{
    free(rename->holder);
    free(rename->redirect);
    free(rename->owner);
    *rename = (struct prom_rename){.cursor = 0};
}

static int reserve(struct prom_rename *rename, size_t count)
{
    size_t room[3] = {rename->known, rename->known, rename->known};
    if (count <= rename->known)
        return 0;
    if (PROM_GROW(rename->holder, &room[0], count) || PROM_GROW(rename->redirect, &room[1], count) ||
        PROM_GROW(rename->owner, &room[2], count))
        return -1;
    for (size_t i = rename->known; i < room[0]; i++) {
        rename->holder[i] = (uint32_t)i;
        rename->redirect[i] = rename->owner[i] = PROM_RENAME_NONE;
    }
    rename->known = room[0];
    return 0;
}

/* Whether the names of the series may change. The names of a series that was made for a new name cannot. */
static bool has_names(const struct prom_family *family, uint32_t number)
{
    const uint64_t *key = prom_series_at(&family->registry, number)->key;
    for (unsigned i = 0; i < family->shown_count; i++)
        if (prom_key_cell(&family->registry, key, i) || prom_key_waits(&family->registry, key, i))
            return true;
    return false;
}

int prom_rename_restore(struct prom_family *family, uint32_t number, uint32_t to)
{
    struct prom_rename *rename = &family->rename;
    if (reserve(rename, (size_t)(number > to ? number : to) + 1) || prom_admit_redirect(family, number, to))
        return -1;
    uint32_t owner = has_names(family, number) ? number : rename->owner[number];
    if (owner != PROM_RENAME_NONE)
        rename->holder[owner] = to;
    rename->owner[to] = owner;
    rename->redirect[number] = to;
    return 0;
}

/* The series is shown by itself, has cells, and all of them have been answered. */
static bool may_change(const struct prom_family *family, const struct prom_series *series)
{
    bool has_cell = false;
    if (!prom_standing_text(&series->standing))
        return false;
    for (unsigned i = 0; i < family->shown_count; i++) {
        const struct fx_cell *cell = prom_key_cell(&family->registry, series->key, i);
        if (cell && fx_cell_state(cell) == FX_CELL_PENDING)
            return false;
        has_cell = has_cell || cell;
    }
    return has_cell;
}

static bool has_text(const struct prom_family *family, uint32_t number, const struct prom_buffer *text)
{
    const struct prom_series *series = prom_series_at(&family->registry, number);
    const char *own = prom_standing_text(&series->standing);
    return own && series->standing.text_size == text->size && memcmp(own, text->data, text->size) == 0;
}

/*
 * The series whose key has the names of this one as plain texts. The first call makes it; it is shown from the next
 * checkpoint on. Until then, or without memory or room, the result is PROM_SERIES_NONE.
 */
static uint32_t find_plain(struct prom_store *store, struct prom_family *family, uint32_t number, uint32_t count)
{
    uint64_t key[PROM_LABELS_MAX];
    char text[FX_CELL_TEXT_MAX];
    prom_key_copy(&family->registry, prom_series_at(&family->registry, number)->key, key);
    for (unsigned i = 0; i < family->label_count; i++) {
        size_t size;
        const struct fx_cell *cell = prom_key_cell(&family->registry, key, i);
        if (!cell)
            continue;
        fx_cell_read(cell, text, &size);
        uint32_t interned = prom_intern_get(&store->texts, text, size, true);
        if (interned == PROM_TEXT_NONE)
            return PROM_SERIES_NONE;
        key[i] = PROM_KEY_TEXT | interned;
    }
    uint32_t found = prom_registry_find(&family->registry, key, prom_hash_words(key, family->label_count));
    if (found == PROM_SERIES_NONE) { /* the value that it will get began when the old series did */
        uint32_t made = prom_registry_restore(&family->registry, key);
        if (made != PROM_OTHER_SERIES)
            prom_series_set_created(&family->registry, made, prom_series_created(&family->registry, number));
    }
    return found < count ? found : PROM_SERIES_NONE;
}

/* The value of a series, wherever it is now, goes to the series that has its new text. */
static void rename_one(struct prom_store *store, unsigned family_number, uint32_t number, uint32_t count)
{
    struct prom_family *family = &store->families[family_number];
    struct prom_rename *rename = &family->rename;
    uint32_t from = rename->holder[number], to = find_plain(store, family, number, count);
    if (to == PROM_SERIES_NONE || to == PROM_OTHER_SERIES)
        return;
    uint32_t shown_as = prom_series_alias_of(prom_series_at(&family->registry, to));
    if (shown_as != PROM_SERIES_NONE)
        to = shown_as;
    if (!has_text(family, to, &family->admit.scratch)) /* not shown yet, or its text was made anew in between */
        return;
    /* A series whose value has gone elsewhere has no line for another value; but its own value may come back. */
    if (to != number && rename->holder[to] != to)
        return;
    if (to == from || prom_admit_redirect(family, from, to))
        return;
    rename->holder[number] = to;
    rename->redirect[from] = to;
}

static void rename_if_changed(struct prom_store *store, unsigned family_number, uint32_t number, uint32_t count)
{
    struct prom_family *family = &store->families[family_number];
    struct prom_buffer *text = &family->admit.scratch;
    if (!may_change(family, prom_series_at(&family->registry, number)))
        return;
    text->size = 0;
    text->failed = false;
    prom_render_values(store, family, number, text);
    if (!text->failed && !has_text(family, family->rename.holder[number], text))
        rename_one(store, family_number, number, count);
}

void prom_rename_series(struct prom_store *store, unsigned family, uint32_t count)
{
    struct prom_rename *rename = &store->families[family].rename;
    if (reserve(rename, count))
        return;
    for (uint32_t i = 0; i < SLICE && i < count; i++) {
        if (rename->cursor >= count)
            rename->cursor = 0;
        if (rename->cursor != PROM_OTHER_SERIES && !prom_life_is_gone(&store->families[family].life, rename->cursor))
            rename_if_changed(store, family, rename->cursor, count);
        rename->cursor++;
    }
}
