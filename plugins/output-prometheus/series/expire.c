/* Series that end. Only the checkpoint's thread enters this file, except for the functions that pages print with. */
#include "series/expire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/grow.h"
#include "base/hash.h"
#include "self_metrics.h"
#include "series/store.h"
#include "series/render.h"

#define TENTH_MS 100
/* A series can have been idle for this many tenths of a second before the program began. */
#define BEFORE (UINT32_C(1) << 30)
/* The memory of a series is prefetched this many series ahead of its use. */
#define AHEAD 8

void prom_expire_fini(struct prom_expire *expire)
{
    free(expire->active);
    free(expire->chosen);
    *expire = (struct prom_expire){.after_ms = expire->after_ms};
}

uint32_t prom_expire_now(void)
{
    return (uint32_t)(prom_clock_ms() / TENTH_MS) + BEFORE;
}

int prom_expire_reserve(struct prom_expire *expire, size_t count)
{
    size_t known = expire->known;
    if (count <= known)
        return 0;
    if (PROM_GROW(expire->active, &expire->known, count))
        return -1;
    uint32_t now = prom_expire_now();
    for (size_t i = known; i < expire->known; i++)
        expire->active[i] = now;
    return 0;
}

/* The first slot of a series: while it stays the same, no record has come. */
static uint64_t value_of(const struct prom_store *store, unsigned family, const struct prom_values *values,
                         size_t number)
{
    return number < values->count ? values->values[number * store->families[family].shape.slots] : 0;
}

/* ---- before the cut */

/* The series has been on a committed page, by itself, and was idle for long. */
static bool is_due(const struct prom_store *store, const struct prom_family *family, uint32_t number, uint32_t now)
{
    const struct prom_expire *expire = &family->expire;
    const struct prom_series *series = prom_series_at(&family->registry, number);
    uint64_t limit = ((uint64_t)expire->after_ms + TENTH_MS - 1) / TENTH_MS;
    return prom_life_may_end(&family->life, number) && now - expire->active[number] >= limit &&
           prom_standing_text_in(&series->standing, store->exposed->number);
}

/* Looks at all series in turn, from where the last call ended. */
static void choose(const struct prom_store *store, struct prom_family *family)
{
    struct prom_expire *expire = &family->expire;
    uint32_t now = prom_expire_now(), count = prom_registry_count(&family->registry);
    if (count > expire->known)
        count = (uint32_t)expire->known;
    if (family->top.limit)
        prom_top_choose(store, family);
    for (uint32_t i = 0; expire->after_ms && i < count && expire->chosen_count < PROM_EXPIRE_MAX; i++) {
        uint32_t number = expire->cursor = expire->cursor + 1 < count ? expire->cursor + 1 : 0;
        if (number != PROM_OTHER_SERIES && is_due(store, family, number, now))
            expire->chosen[expire->chosen_count++].number = number;
    }
    pthread_mutex_lock(&family->registry.lock); /* keys do not change while the lock is held */
    for (size_t i = 0; i < expire->chosen_count; i++)
        prom_registry_locate(&family->registry, &expire->chosen[i]);
    pthread_mutex_unlock(&family->registry.lock);
}

/* Makes room for the series that the cut will take out, and for numbers that are given again until then. */
static int reserve(struct prom_family *family)
{
    struct prom_expire *expire = &family->expire;
    if (!expire->chosen && !(expire->chosen = calloc(PROM_EXPIRE_MAX, sizeof *expire->chosen)))
        return -1;
    return prom_life_before_cut(&family->life, &family->registry, PROM_EXPIRE_MAX);
}

/* Gives back the series that no page and no cut shows any more. */
static void give_back(struct prom_family *family, uint64_t oldest)
{
    size_t given = 0;
    const struct prom_ending *ending;
    while (given < PROM_EXPIRE_MAX && (ending = prom_life_over(&family->life, given, oldest))) {
        const struct prom_standing *standing = &prom_series_at(&family->registry, ending->number)->standing;
        char *text = (char *)(uintptr_t)prom_standing_text(standing);
        uint32_t size = standing->text_size;
        if (prom_registry_give_back(&family->registry, ending->number))
            break;
        if (text)
            prom_arena_give(&family->admit.texts, text, size);
        given++;
    }
    prom_life_forget(&family->life, given);
}

void prom_expire_before_cut(struct prom_store *store)
{
    uint64_t oldest = prom_snapshot_oldest(store);
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        if (!family->expire.is_on)
            continue;
        family->expire.chosen_count = family->expire.displaced_count = 0;
        give_back(family, oldest);
        if (!reserve(family))
            choose(store, family);
    }
    prom_intern_choose_unused(&store->texts);
}

/* ---- in the cut */

static void count_of(const struct prom_store *store, unsigned family, uint32_t number, uint64_t *sums)
{
    struct prom_shape shape = store->families[family].shape;
    memset(sums, 0, shape.slots * sizeof *sums);
    for (unsigned i = 0; i < store->worker_count; i++) {
        const struct prom_tally *tally = store->workers[i] ? &store->workers[i]->tallies[family] : NULL;
        if (tally && number < tally->capacity)
            prom_shape_add(shape, sums, &tally->values[(size_t)number * shape.slots], 1);
    }
}

static void clear_count(const struct prom_store *store, unsigned family, uint32_t number)
{
    for (unsigned i = 0; i < store->worker_count; i++) {
        struct prom_tally *tally = store->workers[i] ? &store->workers[i]->tallies[family] : NULL;
        if (tally && number < tally->capacity)
            memset(&tally->values[(size_t)number * tally->shape.slots], 0, tally->shape.slots * sizeof *tally->values);
    }
}

static void fetch(const struct prom_store *store, unsigned family, const struct prom_registry_place *place)
{
    const struct prom_registry *registry = &store->families[family].registry;
    prom_registry_fetch(registry, place->number);
    prom_table_fetch(&registry->table, place->hash);
    for (unsigned i = 0; i < store->worker_count; i++) {
        const struct prom_tally *tally = store->workers[i] ? &store->workers[i]->tallies[family] : NULL;
        if (tally && place->number < tally->capacity)
            __builtin_prefetch(&tally->values[(size_t)place->number * tally->shape.slots], 1);
    }
}

/* False: the series has changed since and is not displaced; or its key has changed. */
static bool take_out(struct prom_store *store, unsigned family_number, const struct prom_registry_place *place,
                     bool is_displaced)
{
    struct prom_family *family = &store->families[family_number];
    uint64_t counted[PROM_SLOTS_MAX];
    count_of(store, family_number, place->number, counted);
    uint64_t before = value_of(store, family_number, &store->exposed->families[family_number], place->number);
    if ((counted[PROM_SLOT_FIRST] != before && !is_displaced) || !prom_registry_take_out(&family->registry, place))
        return false;
    if (is_displaced)
        prom_top_take_out(&family->top, place->number, counted[PROM_SLOT_FIRST], before);
    clear_count(store, family_number, place->number);
    if (!family->shape.is_last) /* last values have no sum */
        prom_shape_add(family->shape, family->expire.ended, counted, 1);
    return true;
}

static void take_out_chosen(struct prom_store *store, unsigned family, uint64_t number)
{
    struct prom_expire *expire = &store->families[family].expire;
    uint64_t before = expire->ended[PROM_SLOT_FIRST];
    for (size_t i = 0; i < expire->chosen_count; i++) {
        bool is_displaced = i < expire->displaced_count;
        if (i + AHEAD < expire->chosen_count)
            fetch(store, family, &expire->chosen[i + AHEAD]);
        if (is_displaced && !prom_top_is_over(&store->families[family].top, &store->families[family].registry))
            continue;
        if (take_out(store, family, &expire->chosen[i], is_displaced))
            prom_life_end(&store->families[family].life, expire->chosen[i].number, number, is_displaced);
    }
    expire->chosen_count = expire->displaced_count = 0;
    int64_t now = (int64_t)(prom_clock_wall_ms() / 1000);
    if (expire->ended[PROM_SLOT_FIRST] != before)
        expire->ended_at = now > expire->ended_at ? now : expire->ended_at + 1;
}

int prom_expire_cut(struct prom_store *store, uint64_t number)
{
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        if (!family->expire.is_on)
            continue;
        if (prom_life_note_again(&family->life, &family->registry))
            return -1;
        take_out_chosen(store, i, number);
        if (family->top.limit)
            prom_top_cut(store, i);
    }
    prom_intern_take_unused(&store->texts);
    return 0;
}

/*
 * Sets the sum of ended series to its value in the exposed cut, plus the values in that cut of series that have gone
 * since. The records after the cut will come again.
 */
void prom_expire_put_back(struct prom_store *store)
{
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_expire *expire = &store->families[i].expire;
        const struct prom_values *exposed = &store->exposed->families[i];
        struct prom_shape shape = store->families[i].shape;
        memcpy(expire->ended, exposed->ended, sizeof expire->ended);
        if (exposed->ended_at > expire->ended_at)
            expire->ended_at = exposed->ended_at;
        const struct prom_life *life = &store->families[i].life;
        for (size_t j = life->ending_count; j-- > 0 && life->endings[j].cut > store->exposed->number;) {
            size_t number = life->endings[j].number;
            if (number < exposed->count && !shape.is_last)
                prom_shape_add(shape, expire->ended, &exposed->values[number * shape.slots], 1);
            clear_count(store, i, (uint32_t)number);
        }
    }
}

/* ---- prepare */

static void count_made(struct prom_store *store, unsigned family, size_t expired)
{
    struct prom_registry *registry = &store->families[family].registry;
    struct prom_expire *expire = &store->families[family].expire;
    pthread_mutex_lock(&registry->lock);
    uint64_t made = registry->made;
    pthread_mutex_unlock(&registry->lock);
    if (made != expire->made)
        fx_metric_add(store->instance, PROM_SERIES_CREATED, 0, (int64_t)(made - expire->made));
    if (expired)
        fx_metric_add(store->instance, PROM_SERIES_EXPIRED, 0, (int64_t)expired);
    expire->made = made;
}

int prom_expire_prepare(struct prom_store *store, unsigned index)
{
    struct prom_family *family = &store->families[index];
    size_t expired = 0, known = family->expire.is_on ? store->pending->families[index].count : 0;
    const struct prom_ending *ending;
    uint32_t number;
    if (prom_expire_reserve(&family->expire, known) || prom_life_reserve(&family->life, known))
        return -1;
    while ((ending = prom_life_see_end(&family->life))) {
        prom_admit_unshow(family, ending->number);
        expired += !ending->is_displaced;
    }
    count_made(store, index, expired);
    while (prom_life_peek_again(&family->life, &number)) {
        if (prom_admit_again(&family->admit, number, store->options->as_info))
            return -1;
        family->expire.active[number] = prom_expire_now();
        prom_life_see_again(&family->life);
    }
    return 0;
}

void prom_expire_note_changes(struct prom_store *store, unsigned family)
{
    struct prom_expire *expire = &store->families[family].expire;
    const struct prom_values *pending = &store->pending->families[family];
    const struct prom_values *exposed = &store->exposed->families[family];
    if (!expire->is_on)
        return;
    uint32_t now = prom_expire_now();
    for (size_t i = 0; i < pending->count && i < expire->known; i++)
        if (value_of(store, family, pending, i) != value_of(store, family, exposed, i))
            expire->active[i] = now;
}

/* ---- restore */

int prom_expire_restore_end(struct prom_store *store, unsigned index, uint32_t number, uint64_t cut)
{
    struct prom_family *family = &store->families[index];
    struct prom_registry_place place = {.number = number};
    if (prom_life_is_gone(&family->life, number))
        return 0;
    if (prom_expire_reserve(&family->expire, (size_t)number + 1) || prom_life_reserve_end(&family->life, number))
        return -1;
    prom_registry_locate(&family->registry, &place);
    if (!prom_registry_take_out(&family->registry, &place))
        return 0;
    prom_admit_unshow(family, number);
    prom_life_restore_end(&family->life, number, cut);
    if (store->exposed->number == 0) /* nothing is shown yet */
        give_back(family, UINT64_MAX);
    return 0;
}

int prom_expire_restored(struct prom_store *store)
{
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        uint32_t count = prom_registry_count(&family->registry);
        if (family->expire.is_on &&
            (prom_expire_reserve(&family->expire, count) || prom_life_reserve(&family->life, count)))
            return -1;
        prom_life_restored(&family->life, &family->registry);
        family->expire.made = family->registry.made;
    }
    return 0;
}

/* ---- pages */

bool prom_expire_has_line(const struct prom_values *values)
{
    return values->ended[PROM_SLOT_FIRST] != 0;
}

/* The label values in the form of line.h: 'other', and the time when the last series ended. */
static void make_labels(const struct prom_family *family, int64_t ended_at, struct prom_buffer *to)
{
    char at[40];
    struct tm when;
    time_t seconds = (time_t)ended_at;
    if (!gmtime_r(&seconds, &when) || !strftime(at, sizeof at, "%Y-%m-%dT%H:%M:%SZ", &when))
        snprintf(at, sizeof at, "%" PRId64, ended_at);
    for (unsigned i = 0; i <= family->shown_count; i++) {
        uint16_t size = (uint16_t)(i < family->shown_count ? strlen("other") : strlen(at));
        prom_buffer_add(to, (const char *)&size, sizeof size);
    }
    for (unsigned i = 0; i < family->shown_count; i++)
        prom_buffer_puts(to, "other");
    prom_buffer_puts(to, at);
    if (prom_buffer_reserve(to, PROM_LINE_STEP)) /* may be copied as well */
        memset(to->data + to->size, 0, PROM_LINE_STEP);
}

void prom_expire_print(const struct prom_family *family, const struct prom_values *values, unsigned parts,
                       struct prom_buffer *to)
{
    const char *names[PROM_LABELS_MAX + 1];
    struct prom_buffer labels = {0};
    struct prom_lines lines;
    for (unsigned i = 0; i < family->shown_count; i++)
        names[i] = family->labels[i].name;
    names[family->shown_count] = PROM_ENDED_LABEL;
    make_labels(family, values->ended_at, &labels);
    if (prom_lines_init(&lines, family, names, family->shown_count + 1) || labels.failed)
        to->failed = true;
    else
        prom_lines_print(&lines, family, parts, labels.data, labels.size, values->ended, to);
    prom_lines_fini(&lines);
    prom_buffer_fini(&labels);
}
