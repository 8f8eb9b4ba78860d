/* Series that end. The checkpoint's owner, but for what pages print. */
#include "series/expire.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/hash.h"
#include "prom.h"
#include "series/render.h"

#define TENTH_MS 100
/* So many tenths of a second a series can have been idle before the program began. */
#define BEFORE (UINT32_C(1) << 30)
/* Series whose memory is asked for before it is used. */
#define AHEAD 8

void prom_expire_fini(struct prom_expire *expire)
{
    free(expire->life);
    free(expire->active);
    free(expire->chosen);
    free(expire->ending);
    free(expire->again);
    *expire = (struct prom_expire){.after_ms = expire->after_ms};
}

uint32_t prom_expire_now(void)
{
    return (uint32_t)(prom_clock_ms() / TENTH_MS) + BEFORE;
}

int prom_expire_know(struct prom_expire *expire, size_t count)
{
    if (count <= expire->known)
        return 0;
    size_t room = count + count / 8 + 64;
    uint8_t *life = realloc(expire->life, room);
    if (life)
        expire->life = life;
    uint32_t *active = life ? realloc(expire->active, room * sizeof *active) : NULL;
    if (!active)
        return -1;
    expire->active = active;
    memset(life + expire->known, 0, room - expire->known);
    uint32_t now = prom_expire_now();
    for (size_t i = expire->known; i < room; i++)
        active[i] = now;
    expire->known = room;
    return 0;
}

int prom_expire_tie(struct prom_expire *expire, uint32_t number)
{
    if (prom_expire_know(expire, (size_t)number + 1))
        return -1;
    expire->life[number] |= PROM_LIFE_TIED;
    return 0;
}

/* The first slot of a series: as long as it is the same, no record has come. */
static uint64_t value_of(const struct prom_output *output, unsigned family, const struct prom_values *values,
                         size_t number)
{
    return number < values->count ? values->values[number * output->families[family].shape.slots] : 0;
}

/* ---- before the cut */

/* It has been on a committed page, by itself, and was idle for long. */
static bool is_due(const struct prom_output *output, const struct prom_family *family, uint32_t number, uint32_t now)
{
    const struct prom_expire *expire = &family->expire;
    const struct prom_series *series = prom_series_at(&family->registry, number);
    uint64_t limit = ((uint64_t)expire->after_ms + TENTH_MS - 1) / TENTH_MS;
    return !expire->life[number] && now - expire->active[number] >= limit &&
           atomic_load_explicit(&series->text, memory_order_relaxed) &&
           series->since <= (uint32_t)output->exposed->number;
}

/* All series in turn, from where the last time ended. */
static void choose(const struct prom_output *output, struct prom_family *family)
{
    struct prom_expire *expire = &family->expire;
    uint32_t now = prom_expire_now(), count = prom_registry_count(&family->registry);
    if (count > expire->known)
        count = (uint32_t)expire->known;
    if (family->top.limit)
        prom_top_choose(output, family);
    for (uint32_t i = 0; expire->after_ms && i < count && expire->chosen_count < PROM_EXPIRE_MAX; i++) {
        uint32_t number = expire->cursor = expire->cursor + 1 < count ? expire->cursor + 1 : 0;
        if (number != PROM_OTHER_SERIES && is_due(output, family, number, now))
            expire->chosen[expire->chosen_count++].number = number;
    }
    pthread_mutex_lock(&family->registry.lock); /* keys do not change meanwhile */
    for (size_t i = 0; i < expire->chosen_count; i++)
        prom_registry_locate(&family->registry, &expire->chosen[i]);
    pthread_mutex_unlock(&family->registry.lock);
}

static int make_room(void **items, size_t *capacity, size_t wanted, size_t item_bytes)
{
    if (wanted <= *capacity)
        return 0;
    void *bigger = realloc(*items, (wanted + wanted / 2) * item_bytes);
    if (!bigger)
        return -1;
    *items = bigger;
    *capacity = wanted + wanted / 2;
    return 0;
}

/* For what the cut will take out, and for numbers that are given again until then. */
static int reserve(struct prom_family *family)
{
    struct prom_expire *expire = &family->expire;
    pthread_mutex_lock(&family->registry.lock);
    size_t again = expire->again_count + family->registry.free_count + family->registry.again_count;
    pthread_mutex_unlock(&family->registry.lock);
    if (!expire->chosen && !(expire->chosen = calloc(PROM_EXPIRE_MAX, sizeof *expire->chosen)))
        return -1;
    return make_room((void **)&expire->again, &expire->again_capacity, again, sizeof *expire->again) |
           make_room((void **)&expire->ending, &expire->ending_capacity, expire->ending_count + PROM_EXPIRE_MAX,
                     sizeof *expire->ending);
}

/* Which no page and no cut shows any more. */
static void give_back(struct prom_family *family, uint64_t oldest)
{
    struct prom_expire *expire = &family->expire;
    size_t given = 0;
    for (; given < expire->ending_seen && given < PROM_EXPIRE_MAX; given++) {
        struct prom_ending ending = expire->ending[given];
        struct prom_series *series = prom_series_at(&family->registry, ending.number);
        char *text = (char *)(uintptr_t)atomic_load_explicit(&series->text, memory_order_relaxed);
        uint32_t size = series->text_size;
        if (ending.cut > oldest || prom_registry_give_back(&family->registry, ending.number))
            break;
        if (text)
            prom_arena_give(&family->admit.texts, text, size);
    }
    expire->ending_seen -= given;
    expire->ending_count -= given;
    if (given)
        memmove(expire->ending, expire->ending + given, expire->ending_count * sizeof *expire->ending);
}

void prom_expire_before_cut(struct prom_output *output)
{
    uint64_t oldest = prom_snapshot_oldest(output);
    for (unsigned i = 0; i < output->family_count; i++) {
        struct prom_family *family = &output->families[i];
        if (!family->expire.is_on)
            continue;
        family->expire.chosen_count = family->expire.displaced_count = 0;
        give_back(family, oldest);
        if (!reserve(family))
            choose(output, family);
    }
    prom_intern_choose_unused(&output->texts);
}

/* ---- in the cut */

static void count_of(const struct prom_output *output, unsigned family, uint32_t number, uint64_t *sums)
{
    struct prom_shape shape = output->families[family].shape;
    memset(sums, 0, shape.slots * sizeof *sums);
    for (unsigned i = 0; i < output->worker_count; i++) {
        const struct prom_tally *tally = output->workers[i] ? &output->workers[i]->tallies[family] : NULL;
        if (tally && number < tally->capacity)
            prom_shape_add(shape, sums, &tally->values[(size_t)number * shape.slots], 1);
    }
}

static void clear_count(const struct prom_output *output, unsigned family, uint32_t number)
{
    for (unsigned i = 0; i < output->worker_count; i++) {
        struct prom_tally *tally = output->workers[i] ? &output->workers[i]->tallies[family] : NULL;
        if (tally && number < tally->capacity)
            memset(&tally->values[(size_t)number * tally->shape.slots], 0, tally->shape.slots * sizeof *tally->values);
    }
}

static void fetch(const struct prom_output *output, unsigned family, const struct prom_registry_place *place)
{
    const struct prom_registry *registry = &output->families[family].registry;
    prom_registry_fetch(registry, place->number);
    prom_table_fetch(&registry->table, place->hash);
    for (unsigned i = 0; i < output->worker_count; i++) {
        const struct prom_tally *tally = output->workers[i] ? &output->workers[i]->tallies[family] : NULL;
        if (tally && place->number < tally->capacity)
            __builtin_prefetch(&tally->values[(size_t)place->number * tally->shape.slots], 1);
    }
}

/* False: it has changed since, and is not displaced; or its key has changed. */
static bool take_out(struct prom_output *output, unsigned family_number, const struct prom_registry_place *place,
                     bool is_displaced)
{
    struct prom_family *family = &output->families[family_number];
    uint64_t counted[PROM_SLOTS_MAX];
    count_of(output, family_number, place->number, counted);
    uint64_t before = value_of(output, family_number, &output->exposed->families[family_number], place->number);
    if ((counted[PROM_SLOT_FIRST] != before && !is_displaced) || !prom_registry_take_out(&family->registry, place))
        return false;
    if (is_displaced)
        prom_top_take_out(&family->top, place->number, (double)(counted[PROM_SLOT_FIRST] - before));
    clear_count(output, family_number, place->number);
    if (!family->shape.is_last) /* what was last has no sum */
        prom_shape_add(family->shape, family->expire.ended, counted, 1);
    return true;
}

static void take_out_chosen(struct prom_output *output, unsigned family, uint64_t number)
{
    struct prom_expire *expire = &output->families[family].expire;
    uint64_t before = expire->ended[PROM_SLOT_FIRST];
    for (size_t i = 0; i < expire->chosen_count; i++) {
        bool is_displaced = i < expire->displaced_count;
        if (i + AHEAD < expire->chosen_count)
            fetch(output, family, &expire->chosen[i + AHEAD]);
        if (is_displaced && !prom_top_is_over(&output->families[family].top, &output->families[family].registry))
            continue;
        if (take_out(output, family, &expire->chosen[i], is_displaced))
            expire->ending[expire->ending_count++] =
                (struct prom_ending){.number = expire->chosen[i].number, .is_displaced = is_displaced, .cut = number};
    }
    expire->chosen_count = expire->displaced_count = 0;
    int64_t now = (int64_t)(prom_clock_wall_ms() / 1000);
    if (expire->ended[PROM_SLOT_FIRST] != before)
        expire->ended_at = now > expire->ended_at ? now : expire->ended_at + 1;
}

int prom_expire_cut(struct prom_output *output, uint64_t number)
{
    for (unsigned i = 0; i < output->family_count; i++) {
        struct prom_expire *expire = &output->families[i].expire;
        struct prom_registry *registry = &output->families[i].registry;
        if (!expire->is_on)
            continue;
        if (expire->again_seen)
            expire->again_count = expire->again_seen = 0;
        if (expire->again_count + registry->again_count > expire->again_capacity)
            return -1;
        expire->again_count += prom_registry_given_again(registry, expire->again + expire->again_count);
        take_out_chosen(output, i, number);
        if (output->families[i].top.limit)
            prom_top_cut(output, i);
    }
    prom_intern_take_unused(&output->texts);
    return 0;
}

/* What had gone by the exposed cut, and of what has gone since the values in it: the records after it will come again. */
void prom_expire_put_back(struct prom_output *output)
{
    for (unsigned i = 0; i < output->family_count; i++) {
        struct prom_expire *expire = &output->families[i].expire;
        const struct prom_values *exposed = &output->exposed->families[i];
        struct prom_shape shape = output->families[i].shape;
        memcpy(expire->ended, exposed->ended, sizeof expire->ended);
        if (exposed->ended_at > expire->ended_at)
            expire->ended_at = exposed->ended_at;
        for (size_t j = expire->ending_count; j-- > 0 && expire->ending[j].cut > output->exposed->number;) {
            size_t number = expire->ending[j].number;
            if (number < exposed->count && !shape.is_last)
                prom_shape_add(shape, expire->ended, &exposed->values[number * shape.slots], 1);
            clear_count(output, i, expire->ending[j].number);
        }
    }
}

/* ---- prepare */

static void see_end(struct prom_output *output, unsigned family, uint32_t number)
{
    struct prom_expire *expire = &output->families[family].expire;
    expire->life[number] |= PROM_LIFE_GONE;
    expire->gone++;
    prom_admit_unshow(&output->families[family], number);
    prom_kept_end(&output->kept, family, number, prom_series_at(&output->families[family].registry, number)->text_size);
}

static void see_again(struct prom_expire *expire, uint32_t number)
{
    expire->life[number] = 0;
    expire->active[number] = prom_expire_now();
    expire->gone--;
}

static void count_made(struct prom_output *output, unsigned family, size_t expired)
{
    struct prom_registry *registry = &output->families[family].registry;
    struct prom_expire *expire = &output->families[family].expire;
    pthread_mutex_lock(&registry->lock);
    uint64_t made = registry->made;
    pthread_mutex_unlock(&registry->lock);
    if (made != expire->made)
        fx_metric_add(output->instance, PROM_SERIES_CREATED, 0, (int64_t)(made - expire->made));
    if (expired)
        fx_metric_add(output->instance, PROM_SERIES_EXPIRED, 0, (int64_t)expired);
    expire->made = made;
}

int prom_expire_prepare(struct prom_output *output, unsigned family)
{
    struct prom_expire *expire = &output->families[family].expire;
    size_t expired = 0;
    if (prom_expire_know(expire, expire->is_on ? output->pending->families[family].count : 0))
        return -1;
    for (; expire->ending_seen < expire->ending_count; expire->ending_seen++) {
        see_end(output, family, expire->ending[expire->ending_seen].number);
        expired += !expire->ending[expire->ending_seen].is_displaced;
    }
    count_made(output, family, expired);
    for (; expire->again_seen < expire->again_count; expire->again_seen++) {
        if (prom_admit_again(&output->families[family].admit, expire->again[expire->again_seen],
                             output->options->as_info))
            return -1;
        see_again(expire, expire->again[expire->again_seen]);
    }
    return 0;
}

void prom_expire_look(struct prom_output *output, unsigned family)
{
    struct prom_expire *expire = &output->families[family].expire;
    const struct prom_values *pending = &output->pending->families[family];
    const struct prom_values *exposed = &output->exposed->families[family];
    if (!expire->is_on)
        return;
    uint32_t now = prom_expire_now();
    for (size_t i = 0; i < pending->count && i < expire->known; i++)
        if (value_of(output, family, pending, i) != value_of(output, family, exposed, i))
            expire->active[i] = now;
}

/* ---- restore */

int prom_expire_restore_end(struct prom_output *output, unsigned family_number, uint32_t number, uint64_t cut)
{
    struct prom_family *family = &output->families[family_number];
    struct prom_expire *expire = &family->expire;
    struct prom_registry_place place = {.number = number};
    if (prom_expire_know(expire, (size_t)number + 1) || prom_life_is(expire, number, PROM_LIFE_GONE) ||
        make_room((void **)&expire->ending, &expire->ending_capacity, expire->ending_count + 1, sizeof *expire->ending))
        return prom_life_is(expire, number, PROM_LIFE_GONE) ? 0 : -1;
    prom_registry_locate(&family->registry, &place);
    if (!prom_registry_take_out(&family->registry, &place))
        return 0;
    expire->life[number] |= PROM_LIFE_GONE;
    expire->gone++;
    prom_admit_unshow(family, number);
    expire->ending[expire->ending_count++] = (struct prom_ending){.number = number, .cut = cut};
    expire->ending_seen = expire->ending_count;
    if (output->exposed->number == 0) /* nothing is shown yet */
        give_back(family, UINT64_MAX);
    return 0;
}

void prom_expire_restore_begin(struct prom_expire *expire, uint32_t number)
{
    if (!prom_life_is(expire, number, PROM_LIFE_GONE))
        return;
    expire->life[number] = 0;
    expire->gone--;
}

int prom_expire_restored(struct prom_output *output)
{
    for (unsigned i = 0; i < output->family_count; i++) {
        struct prom_expire *expire = &output->families[i].expire;
        struct prom_registry *registry = &output->families[i].registry;
        if (expire->is_on && prom_expire_know(expire, prom_registry_count(registry)))
            return -1;
        registry->again_count = 0; /* they are known */
        expire->again_count = expire->again_seen = 0;
        expire->made = registry->made;
    }
    return 0;
}

/* ---- pages */

bool prom_expire_has_line(const struct prom_values *values)
{
    return values->ended[PROM_SLOT_FIRST] != 0;
}

/* The values of its labels as line.h has them: 'other', and when the last one ended. */
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
    if (prom_buffer_reserve(to, PROM_LINE_STEP)) /* which may be copied, too */
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
