/*
 * Which metrics the live page shows by which labels, and the texts of a label without a page's escapes. The main
 * thread in init; afterwards the thread of rates.
 */
#include <stdio.h>
#include <string.h>

#include "live/rates.h"
#include "series/store.h"

static int label_of(const struct prom_family *family, const char *path)
{
    for (unsigned i = 0; i < family->label_count; i++)
        if (strcmp(family->labels[i].path, path) == 0)
            return (int)i;
    return -1;
}

static bool is_one(const struct prom_condition *condition)
{
    return condition->is_simple && condition->span == 0;
}

/* Whether all records of the metric have the same number in this field. */
static bool is_fixed(const struct prom_family *family, const char *path)
{
    for (unsigned i = 0; i < family->match_count; i++)
        if (strcmp(family->match[i].path, path) == 0 && is_one(&family->match[i]))
            return true;
    return false;
}

static void add(struct prom_rates *rates, const struct prom_family *family, enum prom_by by, int label, int name)
{
    enum prom_direction direction = is_fixed(family, "as_src")   ? PROM_DIRECTION_OUT
                                    : is_fixed(family, "as_dst") ? PROM_DIRECTION_IN
                                                                 : PROM_DIRECTION_NONE;
    if (rates->view_count < PROM_VIEWS_MAX)
        rates->views[rates->view_count++] =
            (struct prom_view){.family = family, .by = by, .direction = direction, .label = label, .name = name};
}

static bool add_label(struct prom_rates *rates, const struct prom_family *family, enum prom_by by, const char *path,
                      const char *name_path)
{
    int label = label_of(family, path);
    if (label < 0 || family->labels[label].is_hidden || is_fixed(family, path))
        return false;
    add(rates, family, by, label, name_path ? label_of(family, name_path) : -1);
    return true;
}

void prom_views_init(struct prom_rates *rates)
{
    const struct prom_store *store = rates->store;
    for (unsigned i = 0; i < store->family_count; i++) {
        const struct prom_family *family = &store->families[i];
        if (family->type != PROM_COUNTER) /* last values have no rate, and a distribution has no heaviest value */
            continue;
        bool is_shown = add_label(rates, family, PROM_BY_SOURCE, "as_src", "as_src_name");
        is_shown |= add_label(rates, family, PROM_BY_DESTINATION, "as_dst", "as_dst_name");
        is_shown |= add_label(rates, family, PROM_BY_ROUTER, "label", NULL);
        if (!is_shown)
            add(rates, family, PROM_BY_SERIES, -1, -1);
    }
}

uint64_t prom_view_key(const struct prom_view *view, uint32_t number)
{
    const struct prom_registry *registry = &view->family->registry;
    if (view->label < 0) /* a number can be given again, but not at the same time */
        return (uint64_t)number << 32 | (uint32_t)prom_series_created(registry, number);
    if (number == PROM_OTHER_SERIES)
        return UINT64_MAX; /* no label has this value */
    return __atomic_load_n(&prom_series_at(registry, number)->key[view->label], __ATOMIC_RELAXED);
}

/* Ends a text of size bytes before a character that is incomplete. Gives the new size. */
static size_t end_text(char *text, size_t size)
{
    size_t at = size;
    while (at && ((unsigned char)text[at - 1] & 0xc0) == 0x80)
        at--;
    if (at) {
        unsigned char lead = (unsigned char)text[at - 1];
        size_t needs = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
        if (at - 1 + needs > size)
            size = at - 1;
    }
    text[size] = '\0';
    return size;
}

/* A label's value from the series' text, with a page's escapes undone. */
static size_t copy_value(const struct prom_family *family, const char *values, unsigned label, char *to, size_t room)
{
    const char *text = values + family->lines.value.label_count * sizeof(uint16_t);
    uint16_t size = 0;
    for (unsigned i = 0; i <= label; i++) {
        text += size;
        memcpy(&size, values + i * sizeof size, sizeof size);
    }
    size_t used = 0;
    for (size_t i = 0; i < size && used < room - 1; i++) {
        bool is_escape = text[i] == '\\' && i + 1 < size;
        i += is_escape;
        to[used++] = is_escape && text[i] == 'n' ? '\n' : text[i];
    }
    return end_text(to, used);
}

/* Adds as much of the text as there is room for. Gives the new size. */
static size_t add_text(char *to, size_t used, size_t room, const char *text, size_t size)
{
    if (size > room - 1 - used)
        size = room - 1 - used;
    memcpy(to + used, text, size);
    return used + size;
}

/* label="value", ... */
static size_t copy_all(const struct prom_family *family, const char *values, char *to, size_t room)
{
    char value[PROM_ENTITY_LABEL];
    size_t used = 0;
    to[0] = '\0';
    for (unsigned i = 0; i < family->shown_count && used < room - 1; i++) {
        size_t size = copy_value(family, values, i, value, sizeof value);
        used = add_text(to, used, room, i ? ", " : "", i ? 2 : 0);
        used = add_text(to, used, room, family->labels[i].name, strlen(family->labels[i].name));
        used = add_text(to, used, room, "=\"", 2);
        used = add_text(to, used, room, value, size);
        used = add_text(to, used, room, "\"", 1);
    }
    return end_text(to, used);
}

/* The name that its cell has now: with as_info the name is not among the shown labels. */
static size_t copy_cell(const struct prom_family *family, uint32_t number, unsigned label, char *to, size_t room)
{
    char text[FX_CELL_TEXT_MAX];
    size_t size = 0;
    const struct fx_cell *cell =
        prom_key_cell(&family->registry, prom_series_at(&family->registry, number)->key, label);
    if (cell)
        fx_cell_read(cell, text, &size);
    size = size < room - 1 ? size : room - 1;
    memcpy(to, text, size);
    return end_text(to, size);
}

void prom_view_describe(const struct prom_view *view, uint32_t number, struct prom_entity *entity)
{
    const struct prom_family *family = view->family;
    const char *values = prom_standing_text(&prom_series_at(&family->registry, number)->standing);
    if (!values)
        return;
    if (view->label < 0)
        entity->label_size = copy_all(family, values, entity->label, sizeof entity->label);
    else
        entity->label_size = copy_value(family, values, (unsigned)view->label, entity->label, sizeof entity->label);
    if (view->name < 0)
        return;
    if (!family->labels[view->name].is_hidden)
        entity->name_size = copy_value(family, values, (unsigned)view->name, entity->name, sizeof entity->name);
    else if (number != PROM_OTHER_SERIES)
        entity->name_size = copy_cell(family, number, (unsigned)view->name, entity->name, sizeof entity->name);
}
