/*
 * Records to values: the hot path. Each worker has values of its own, and finds series and texts without a lock. A
 * worker takes a lock only for what is new to all workers. Records are handled in groups and in steps, so that the
 * memory of a whole group is on its way before the first of it is used.
 */
#include "series/worker.h"

#include <stdlib.h>

#include "base/hash.h"
#include "self_metrics.h"
#include "series/store.h"

#define LANES (2 * PROM_FAMILIES_MAX)

/* One record for one metric, on its way. */
struct lane {
    uint64_t key[PROM_LABELS_MAX]; /* with is_other, the first word: the fingerprint to weigh the record by, or 0 */
    uint64_t value, weight;        /* weight: only for scaled histograms */
    uint32_t hash, family;
    bool is_other;  /* the record has no key */
    bool has_added; /* texts were added for its key */
    uint32_t guess; /* the most likely series: the one with that hash, or PROM_SERIES_NONE */
};

struct counts {
    int64_t unmatched, without_value, other;
};

void prom_worker_free(struct prom_worker *worker)
{
    struct prom_store *store = worker->store;
    for (unsigned i = 0; i < store->worker_count; i++)
        if (store->workers[i] == worker)
            store->workers[i] = NULL;
    for (unsigned i = 0; i < store->family_count; i++)
        prom_tally_fini(&worker->tallies[i]);
    for (unsigned i = 0; worker->weighed && i < store->family_count; i++)
        prom_summary_fini(&worker->weighed[i]);
    free(worker->weighed);
    free(worker);
}

struct prom_worker *prom_worker_new(struct prom_store *store, unsigned index)
{
    struct prom_worker *worker = calloc(1, sizeof *worker + store->family_count * sizeof *worker->tallies);
    if (!worker)
        return NULL;
    worker->store = store;
    worker->weighed = calloc(store->family_count, sizeof *worker->weighed);
    int rc = worker->weighed ? 0 : -1;
    for (unsigned i = 0; i < store->family_count; i++) {
        rc |= prom_tally_init(&worker->tallies[i], store->families[i].shape);
        if (!rc && store->families[i].top.limit)
            rc = prom_top_add_worker(&store->families[i].top, store->worker_count, &worker->weighed[i]);
    }
    if (rc) {
        prom_worker_free(worker);
        return NULL;
    }
    store->workers[index] = worker;
    return worker;
}

/* Makes the word of a text label. False: the text has no number. */
static bool make_text_word(struct prom_worker *worker, const struct fx_value *value, bool may_add, uint64_t *word)
{
    if (value->type == FX_LATE) {
        *word = (uint64_t)(uintptr_t)value->cell;
        return true;
    }
    *word = PROM_KEY_TEXT | PROM_TEXT_EMPTY;
    if (value->type != FX_TEXT || value->size == 0)
        return true;
    uint32_t number = prom_intern_get(&worker->store->texts, value->text, value->size, may_add);
    *word = PROM_KEY_TEXT | number;
    return number != PROM_TEXT_NONE;
}

/* Makes all words. False: a text has no number. */
static bool make_words(struct prom_worker *worker, const struct prom_family *family, const struct fx_value *row,
                       bool may_add, uint64_t *key)
{
    bool is_whole = true;
    for (unsigned i = 0; i < family->label_count; i++) {
        const struct fx_value *value = &row[family->labels[i].field];
        if (family->labels[i].is_number)
            key[i] = prom_number_of(value);
        else
            is_whole = make_text_word(worker, value, may_add, &key[i]) && is_whole;
    }
    return is_whole;
}

static bool has_long_text(const struct prom_family *family, const struct fx_value *row)
{
    for (unsigned i = 0; i < family->label_count; i++) {
        const struct fx_value *value = &row[family->labels[i].field];
        if (!family->labels[i].is_number && value->type == FX_TEXT && value->size > PROM_TEXT_MAX)
            return true;
    }
    return false;
}

/*
 * Texts get numbers only when the record can get a series, so that the limit on series bounds texts as well. With
 * top the record may be weighed instead.
 */
static void make_new_key(struct prom_worker *worker, struct prom_family *family, const struct fx_value *row,
                         struct lane *lane)
{
    uint64_t fingerprint = 0;
    bool may_add = !prom_registry_is_full(&family->registry);
    if (has_long_text(family, row)) {
        may_add = false;
    } else if (family->top.limit) {
        fingerprint = prom_top_fingerprint(family, row);
        may_add = may_add && prom_top_may_begin(&family->top, fingerprint);
    }
    lane->has_added = may_add;
    if (may_add && make_words(worker, family, row, true, lane->key))
        return;
    lane->is_other = true;
    lane->key[0] = fingerprint;
}

static void make_key(struct prom_worker *worker, struct prom_family *family, const struct fx_value *row,
                     struct lane *lane)
{
    lane->is_other = lane->has_added = false;
    if (!make_words(worker, family, row, false, lane->key))
        make_new_key(worker, family, row, lane);
    lane->hash = prom_hash_words(lane->key, family->label_count);
}

/* Fills the record's lanes, one for each metric that takes it. Gives their number. */
static unsigned load(struct prom_worker *worker, const struct fx_value *row, struct lane *lanes, struct counts *counts)
{
    const struct prom_store *store = worker->store;
    unsigned used = 0;
    bool is_taken = false;
    for (unsigned i = 0; i < store->family_count; i++) {
        struct prom_family *family = &store->families[i];
        if (!prom_family_takes(family, row))
            continue;
        is_taken = true;
        struct lane *lane = &lanes[used];
        if (!prom_family_value(family, row, &lane->value, &lane->weight)) {
            counts->without_value++;
            continue;
        }
        used++;
        lane->family = i;
        make_key(worker, family, row, lane);
        prom_table_fetch(&family->registry.table, lane->hash);
    }
    counts->unmatched += !is_taken;
    return used;
}

/* Guesses the series, and prefetches what counting it will need. */
static void guess_lane(const struct prom_worker *worker, struct lane *lane)
{
    const struct prom_registry *registry = &worker->store->families[lane->family].registry;
    const struct prom_tally *tally = &worker->tallies[lane->family];
    struct prom_probe probe = prom_probe_start(&registry->table, lane->hash);
    lane->guess = prom_probe_next(&probe);
    if (lane->guess >= tally->capacity)
        return;
    prom_registry_fetch(registry, lane->guess);
    __builtin_prefetch(&tally->values[(size_t)lane->guess * tally->shape.slots], 1);
}

/* The series that has the key, or may begin. Otherwise the key becomes its fingerprint. */
static uint32_t heavy_series_of(struct prom_family *family, struct lane *lane)
{
    uint32_t number = prom_registry_get_old(&family->registry, lane->key, lane->hash);
    if (number != PROM_OTHER_SERIES)
        return number;
    uint64_t fingerprint = prom_top_key_fingerprint(&family->registry, lane->key);
    if (!prom_registry_is_full(&family->registry) && prom_top_may_begin(&family->top, fingerprint))
        number = prom_registry_get_in_place(&family->registry, lane->key, lane->hash,
                                            prom_top_has_permit(&family->top, fingerprint) ? NULL : &family->top.open);
    if (number != PROM_OTHER_SERIES)
        return number;
    lane->key[0] = fingerprint;
    if (lane->has_added)
        prom_intern_expect_unused(family->registry.texts);
    return PROM_OTHER_SERIES;
}

static uint32_t series_of(struct prom_family *family, struct lane *lane)
{
    struct prom_registry *registry = &family->registry;
    if (lane->is_other)
        return PROM_OTHER_SERIES;
    if (lane->guess != PROM_SERIES_NONE &&
        prom_key_equal(prom_series_at(registry, lane->guess)->key, lane->key, registry->words))
        return lane->guess;
    return family->top.limit ? heavy_series_of(family, lane) : prom_registry_get(registry, lane->key, lane->hash);
}

/* With top, a record in 'other' is normal, and is not reported as one too many. */
static void count_other(struct prom_worker *worker, const struct lane *lane, struct counts *counts)
{
    if (worker->store->families[lane->family].top.limit && lane->key[0])
        prom_summary_add(&worker->weighed[lane->family], lane->key[0], (double)lane->value);
    else
        counts->other++;
}

/* A record of a gauge or histogram. */
static void count_slots(struct prom_worker *worker, const struct lane *lane, uint64_t *slots)
{
    const struct prom_family *family = &worker->store->families[lane->family];
    if (family->histogram) {
        prom_histogram_count(family->histogram, slots, lane->value, family->is_scaled ? lane->weight : 1);
        return;
    }
    slots[PROM_SLOT_STAMP] = ++worker->stamp;
    slots[PROM_SLOT_LAST] = lane->value;
}

/* False without memory. */
static bool count_lane(struct prom_worker *worker, struct lane *lane, struct counts *counts)
{
    struct prom_tally *tally = &worker->tallies[lane->family];
    uint32_t number = series_of(&worker->store->families[lane->family], lane);
    if (number >= tally->capacity && !prom_tally_grow(tally, (size_t)number + 1))
        return false;
    if (number == PROM_OTHER_SERIES)
        count_other(worker, lane, counts);
    if (__builtin_expect(tally->shape.slots == 1, 1))
        tally->values[number] = prom_sum(tally->values[number], lane->value);
    else
        count_slots(worker, lane, &tally->values[(size_t)number * tally->shape.slots]);
    return true;
}

static bool count_lanes(struct prom_worker *worker, struct lane *lanes, unsigned used, struct counts *counts)
{
    for (unsigned i = 0; i < used; i++)
        guess_lane(worker, &lanes[i]);
    bool is_whole = true;
    for (unsigned i = 0; i < used; i++)
        is_whole = count_lane(worker, &lanes[i], counts) && is_whole;
    return is_whole;
}

static void publish(struct fx_instance *instance, const struct counts *counts)
{
    if (counts->unmatched)
        fx_metric_add(instance, PROM_UNMATCHED, 0, counts->unmatched);
    if (counts->without_value)
        fx_metric_add(instance, PROM_WITHOUT_VALUE, 0, counts->without_value);
    if (counts->other)
        fx_metric_add(instance, PROM_OTHER, 0, counts->other);
}

/* Without memory a sum would be wrong from now on. Failing is better, so that nothing more is committed. */
enum fx_verdict prom_worker_write(struct prom_worker *worker, const struct fx_batch *batch)
{
    struct prom_store *store = worker->store;
    struct counts counts = {0};
    struct lane lanes[LANES];
    bool is_whole = !atomic_load_explicit(&store->is_broken, memory_order_relaxed);
    if (store->has_gauges)
        worker->stamp =
            atomic_fetch_add_explicit(&store->stamp, (uint64_t)batch->rows * store->family_count, memory_order_relaxed);
    for (uint32_t row = 0; row < batch->rows && is_whole;) {
        unsigned used = 0;
        for (; row < batch->rows && used + store->family_count <= LANES; row++)
            used += load(worker, fx_batch_row(batch, row), &lanes[used], &counts);
        is_whole = count_lanes(worker, lanes, used, &counts);
    }
    publish(store->instance, &counts);
    return is_whole ? FX_OK : FX_FATAL;
}
