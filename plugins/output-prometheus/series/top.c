/* Which series are the heaviest ones. Only the checkpoint's thread enters this file. */
#include "series/top.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/grow.h"
#include "self_metrics.h"
#include "series/store.h"

enum { SEEN = 1 };

static uint64_t seed_new(void)
{
    uint64_t seed;
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed)
        seed = (uint64_t)prom_clock_ns();
    return seed;
}

static size_t counters_of(const struct prom_top *top)
{
    size_t wanted = (size_t)PROM_TOP_COUNTERS * top->limit;
    return wanted > PROM_TOP_COUNTERS_MIN ? wanted : PROM_TOP_COUNTERS_MIN;
}

int prom_top_init(struct prom_top *top)
{
    top->permits = calloc(top->limit, sizeof *top->permits);
    top->next_permits = calloc(top->limit, sizeof *top->next_permits);
    top->victims = calloc(top->limit, sizeof *top->victims);
    top->ranked = calloc(top->limit, sizeof *top->ranked);
    top->candidates = calloc(counters_of(top), sizeof *top->candidates);
    atomic_init(&top->open, top->limit);
    bool is_whole = top->permits && top->next_permits && top->victims && top->ranked && top->candidates;
    return prom_summary_init(&top->rest, counters_of(top), seed_new()) || !is_whole ? -1 : 0;
}

void prom_top_fini(struct prom_top *top)
{
    struct fx_series *metrics[] = {top->shown,     top->places, top->admitted,
                                   top->displaced, top->weight, top->other_weight};
    for (size_t i = 0; i < sizeof metrics / sizeof(struct fx_series *); i++)
        if (metrics[i])
            fx_series_end(metrics[i]);
    for (unsigned i = 0; i < top->worker_count; i++)
        prom_summary_fini(&top->aside[i]);
    free(top->aside);
    free(top->permits);
    free(top->next_permits);
    free(top->victims);
    free(top->ranked);
    free(top->candidates);
    free(top->weights);
    free(top->weighed);
    free(top->states);
    prom_summary_fini(&top->rest);
    *top = (struct prom_top){.limit = 0};
}

void prom_top_add_metrics(struct prom_store *store, struct prom_family *family)
{
    struct prom_top *top = &family->top;
    const char *const name[] = {family->name};
    top->shown = fx_series_begin(store->instance, PROM_TOP_SERIES, name);
    top->places = fx_series_begin(store->instance, PROM_TOP_PLACES, name);
    top->admitted = fx_series_begin(store->instance, PROM_TOP_ADMITTED, name);
    top->displaced = fx_series_begin(store->instance, PROM_TOP_DISPLACED, name);
    top->weight = fx_series_begin(store->instance, PROM_TOP_WEIGHT, name);
    top->other_weight = fx_series_begin(store->instance, PROM_TOP_OTHER_WEIGHT, name);
    fx_series_set(top->places, top->limit);
}

int prom_top_add_worker(struct prom_top *top, unsigned worker_count, struct prom_summary *own)
{
    size_t counters = counters_of(top);
    if (!top->aside) {
        top->aside = calloc(worker_count, sizeof *top->aside);
        top->worker_count = top->aside ? worker_count : 0;
    }
    for (unsigned i = 0; i < top->worker_count; i++)
        if (!top->aside[i].places && prom_summary_init(&top->aside[i], counters, seed_new()))
            return -1;
    return !top->aside || prom_summary_init(own, counters, seed_new()) ? -1 : 0;
}

static int reserve(struct prom_top *top, size_t count)
{
    size_t room[3] = {top->known, top->known, top->known};
    if (count <= top->known)
        return 0;
    if (PROM_GROW(top->weights, &room[0], count) || PROM_GROW(top->states, &room[1], count) ||
        PROM_GROW(top->weighed, &room[2], count))
        return -1;
    for (size_t i = top->known; i < room[0]; i++)
        top->weights[i] = 0;
    memset(top->weighed + top->known, 0, (room[0] - top->known) * sizeof *top->weighed);
    memset(top->states + top->known, 0, room[0] - top->known);
    top->known = room[0];
    return 0;
}

int prom_top_restore_weight(struct prom_top *top, uint32_t number, double weight)
{
    if (reserve(top, (size_t)number + 1))
        return -1;
    top->weights[number] = isfinite(weight) && weight > 0 ? weight : 0;
    return 0;
}

int prom_top_restored(struct prom_store *store)
{
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        uint32_t count = prom_registry_count(&family->registry);
        if (!family->top.limit)
            continue;
        if (reserve(&family->top, count))
            return -1;
        if (family->top.known)
            memset(family->top.weighed, 0, family->top.known * sizeof *family->top.weighed);
        for (uint32_t j = 0; j < count; j++)
            family->top.states[j] = prom_life_is_gone(&family->life, j) ? 0 : SEEN;
    }
    return 0;
}

/* ---- before a cut, and in it */

/*
 * The series is on the page of this cut, by itself. A series may go only after it was on a committed page: then the
 * log has it.
 */
static bool may_go(const struct prom_family *family, uint32_t number, uint64_t cut)
{
    const struct prom_series *series = prom_series_at(&family->registry, number);
    return prom_life_may_end(&family->life, number) && prom_standing_text_in(&series->standing, cut);
}

void prom_top_choose(const struct prom_store *store, struct prom_family *family)
{
    struct prom_expire *expire = &family->expire;
    const struct prom_top *top = &family->top;
    for (size_t i = 0; i < top->victim_count; i++)
        if (may_go(family, top->victims[i], store->exposed->number))
            expire->chosen[expire->chosen_count++].number = top->victims[i];
    expire->displaced_count = expire->chosen_count;
}

/* What a series has grown by since it was last weighed. A void cut was weighed, too, and may be above the exposed one. */
static double growth_of(struct prom_top *top, size_t number, uint64_t now, uint64_t exposed)
{
    uint64_t before = top->weighed[number] > exposed ? top->weighed[number] : exposed;
    if (now > top->weighed[number])
        top->weighed[number] = now;
    return now > before ? (double)(now - before) : 0;
}

void prom_top_take_out(struct prom_top *top, uint32_t number, uint64_t now, uint64_t exposed)
{
    if (number < top->known)
        top->weights[number] += growth_of(top, number, now, exposed);
    top->displaced_count++;
}

/* A worker's summary and the one aside change places, unless the one aside was not read yet. */
static void set_aside(const struct prom_store *store, unsigned family, struct prom_top *top)
{
    for (unsigned i = 0; i < store->worker_count && i < top->worker_count; i++) {
        struct prom_worker *worker = store->workers[i];
        if (!worker || top->aside[i].count)
            continue;
        struct prom_summary kept = top->aside[i];
        top->aside[i] = worker->weighed[family];
        worker->weighed[family] = kept;
    }
}

void prom_top_cut(struct prom_store *store, unsigned family)
{
    struct prom_registry *registry = &store->families[family].registry;
    struct prom_top *top = &store->families[family].top;
    set_aside(store, family, top);
    if (top->is_decided) {
        uint64_t *kept = top->permits;
        top->permits = top->next_permits;
        top->permit_count = top->next_permit_count;
        top->next_permits = kept;
        top->is_decided = false;
    }
    uint32_t vacant = registry->live < top->limit ? top->limit - registry->live : 0;
    atomic_store(&top->open, vacant);
    atomic_store(&registry->room, vacant + (uint32_t)top->permit_count);
}

/* ---- prepare: what everything weighs */

static uint64_t value_of(const struct prom_family *family, const struct prom_values *values, size_t number)
{
    return number < values->count ? values->values[number * family->shape.slots + PROM_SLOT_FIRST] : 0;
}

static void halve(struct prom_top *top, int64_t now_ms)
{
    double factor = top->weighed_ms ? exp2((double)(top->weighed_ms - now_ms) / top->half_life_ms) : 1;
    top->weighed_ms = now_ms;
    for (size_t i = 0; i < top->known; i++)
        top->weights[i] *= factor;
    prom_summary_scale(&top->rest, factor);
}

static uint64_t fingerprint_of(const struct prom_family *family, size_t number)
{
    uint64_t key[PROM_LABELS_MAX];
    prom_key_copy(&family->registry, prom_series_at(&family->registry, (uint32_t)number)->key, key);
    return prom_top_key_fingerprint(&family->registry, key);
}

/* The value from before a series began, or after it has ended, belongs to the rest. */
static void weigh_one(struct prom_family *family, size_t number, uint64_t now, uint64_t exposed)
{
    struct prom_top *top = &family->top;
    bool is_gone = prom_life_is_gone(&family->life, (uint32_t)number);
    if (is_gone && top->states[number]) {
        if (top->weights[number] > 0)
            prom_summary_add(&top->rest, fingerprint_of(family, number), top->weights[number]);
        top->states[number] = 0;
        top->weights[number] = 0;
    }
    if (is_gone) {
        top->weighed[number] = 0; /* the next series of this number begins at zero */
        return;
    }
    if (!top->states[number] && number != PROM_OTHER_SERIES) {
        top->states[number] = SEEN;
        top->weights[number] = prom_summary_take(&top->rest, fingerprint_of(family, number));
        top->admitted_count++;
    }
    top->weights[number] += growth_of(top, number, now, exposed);
}

static void weigh(struct prom_store *store, unsigned index, size_t count)
{
    struct prom_family *family = &store->families[index];
    const struct prom_values *pending = &store->pending->families[index];
    const struct prom_values *exposed = &store->exposed->families[index];
    for (unsigned i = 0; i < family->top.worker_count; i++)
        prom_summary_merge(&family->top.rest, &family->top.aside[i]);
    for (size_t i = 0; i < count; i++)
        weigh_one(family, i, value_of(family, pending, i), value_of(family, exposed, i));
}

/* ---- prepare: who goes, who comes */

static int lighter_first(const void *a, const void *b)
{
    const struct prom_counter *left = a, *right = b;
    if (left->weight != right->weight)
        return left->weight < right->weight ? -1 : 1;
    return left->key < right->key ? -1 : left->key > right->key;
}

static int compare_fingerprints(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

/* Series that could go, the lightest first. */
static size_t rank(const struct prom_store *store, const struct prom_family *family, size_t count)
{
    const struct prom_top *top = &family->top;
    size_t ranked = 0;
    for (uint32_t i = PROM_OTHER_SERIES + 1; i < count && ranked < top->limit; i++)
        if (may_go(family, i, store->pending->number))
            top->ranked[ranked++] = (struct prom_counter){.key = i, .weight = top->weights[i]};
    qsort(top->ranked, ranked, sizeof *top->ranked, lighter_first);
    return ranked;
}

/* How many more series can have numbers. */
static size_t numbers_left(struct prom_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    size_t left = registry->limit - prom_registry_count(registry) + registry->free_count;
    pthread_mutex_unlock(&registry->lock);
    return left;
}

/*
 * Compares each candidate with the lightest series that was not compared with an earlier one. Gives how many
 * candidates are heavier.
 */
static size_t match(struct prom_top *top, size_t candidates, size_t ranked, size_t most)
{
    size_t count = 0;
    while (count < candidates && count < ranked && count < most &&
           top->candidates[count].weight > top->ranked[count].weight * PROM_TOP_MARGIN) {
        top->next_permits[count] = top->candidates[count].key;
        count++;
    }
    return count;
}

static void decide(const struct prom_store *store, struct prom_family *family, size_t count)
{
    struct prom_top *top = &family->top;
    size_t ranked = rank(store, family, count), left = numbers_left(&family->registry);
    size_t vacant = atomic_load(&top->open), most = left > vacant ? left - vacant : 0;
    double least = ranked ? top->ranked[0].weight * PROM_TOP_MARGIN : 0;
    size_t candidates = prom_summary_top(&top->rest, least, top->candidates, top->limit);
    top->next_permit_count = match(top, candidates, ranked, most < PROM_TOP_CHANGES_MAX ? most : PROM_TOP_CHANGES_MAX);
    /* By then the series that have a permit now will have come. */
    size_t wanted =
        (top->permit_count > top->next_permit_count ? top->permit_count : top->next_permit_count) + PROM_TOP_SPARE;
    top->victim_count = 0;
    while (top->victim_count < ranked && top->victim_count < wanted) {
        top->victims[top->victim_count] = (uint32_t)top->ranked[top->victim_count].key;
        top->victim_count++;
    }
    qsort(top->next_permits, top->next_permit_count, sizeof *top->next_permits, compare_fingerprints);
    top->is_decided = true;
}

/* 'other' is not one of the N. */
static size_t shown_count(const struct prom_family *family)
{
    const struct prom_series *other = prom_series_at(&family->registry, PROM_OTHER_SERIES);
    return family->admit.shown.count - (prom_standing_text(&other->standing) ? 1 : 0);
}

bool prom_top_has_line(const struct prom_family *family)
{
    return shown_count(family) < family->top.limit;
}

static int64_t whole(double weight)
{
    return weight < 9e18 ? (int64_t)weight : INT64_MAX;
}

static void tell(struct prom_family *family, size_t count)
{
    struct prom_top *top = &family->top;
    double weight = 0;
    for (size_t i = PROM_OTHER_SERIES + 1; i < count; i++)
        weight += top->weights[i];
    fx_series_set(top->shown, (int64_t)shown_count(family));
    fx_series_set(top->weight, whole(weight));
    fx_series_set(top->other_weight, whole(top->weights[PROM_OTHER_SERIES]));
    fx_series_add(top->admitted, (int64_t)top->admitted_count);
    fx_series_add(top->displaced, (int64_t)top->displaced_count);
    top->admitted_count = top->displaced_count = 0;
}

int prom_top_prepare(struct prom_store *store, unsigned index)
{
    struct prom_family *family = &store->families[index];
    size_t count = store->pending->families[index].count;
    if (reserve(&family->top, count))
        return -1;
    halve(&family->top, prom_clock_ms());
    weigh(store, index, count);
    decide(store, family, count);
    tell(family, count);
    return 0;
}
