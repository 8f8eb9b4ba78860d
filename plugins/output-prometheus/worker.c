/*
 * Records to values: the hot path. Each worker has tables and values of its
 * own and takes a lock only for a key that it has not seen before. A batch is
 * done in two passes, so that the slots of all its keys are on their way from
 * memory before the first is used.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "hash.h"
#include "prom.h"

#define FIRST_SLOTS 1024
#define LANES       64 /* records whose slots are fetched together */

struct slot {
    uint32_t hash;
    uint32_t number; /* plus one; 0: free */
};

struct tally {
    struct slot *slots;
    size_t mask, count;
    uint64_t *values; /* by series */
    size_t capacity;
};

struct prom_worker {
    struct prom_output *output;
    struct tally tallies[PROM_FAMILIES];
    struct prom_text_table texts;
};

/* One record on its way through a batch. */
struct lane {
    uint64_t key[PROM_KEY_WORDS];
    uint64_t value;
    uint32_t hash;
    uint32_t family;
};

struct batch_counts {
    int64_t unmatched, without_value, other;
};

void prom_worker_free(void *self, void *context)
{
    (void)self;
    struct prom_worker *worker = context;
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        free(worker->tallies[i].slots);
        free(worker->tallies[i].values);
    }
    prom_text_table_fini(&worker->texts);
    free(worker);
}

int prom_worker_new(void *self, unsigned index, void **context, struct fx_error *err)
{
    struct prom_output *output = self;
    struct prom_worker *worker = calloc(1, sizeof *worker);
    if (!worker)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    worker->output = output;
    *context = output->workers[index] = worker;
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        struct tally *tally = &worker->tallies[i];
        tally->slots = calloc(FIRST_SLOTS, sizeof *tally->slots);
        tally->values = calloc(FIRST_SLOTS, sizeof *tally->values);
        tally->mask = FIRST_SLOTS - 1;
        tally->capacity = FIRST_SLOTS;
        if (!tally->slots || !tally->values)
            return fx_error_set(err, FX_ENOMEM, "out of memory");
    }
    return 0;
}

static bool grow_values(struct tally *tally, size_t count)
{
    if (count <= tally->capacity)
        return true;
    size_t capacity = tally->capacity;
    while (capacity < count)
        capacity *= 2;
    uint64_t *values = realloc(tally->values, capacity * sizeof *values);
    if (!values)
        return false;
    memset(values + tally->capacity, 0, (capacity - tally->capacity) * sizeof *values);
    tally->values = values;
    tally->capacity = capacity;
    return true;
}

static void place(struct slot *slots, size_t mask, uint32_t hash, uint32_t number)
{
    size_t at = hash & mask;
    while (slots[at].number)
        at = (at + 1) & mask;
    slots[at] = (struct slot){.hash = hash, .number = number + 1};
}

static bool grow_slots(struct tally *tally)
{
    size_t slots = tally->mask + 1;
    if ((tally->count + 1) * 4 <= slots * 3)
        return true;
    struct slot *bigger = calloc(slots * 2, sizeof *bigger);
    if (!bigger)
        return false;
    for (size_t i = 0; i < slots; i++)
        if (tally->slots[i].number)
            place(bigger, slots * 2 - 1, tally->slots[i].hash, tally->slots[i].number - 1);
    free(tally->slots);
    tally->slots = bigger;
    tally->mask = slots * 2 - 1;
    return true;
}

/* A new series keeps its cells. */
static void keep_cells(const struct prom_family *family, const uint64_t *key)
{
    for (unsigned i = 0; i < PROM_LABELS; i++)
        if (!family->labels[i].is_number && !(key[i] & PROM_KEY_TEXT))
            fx_cell_ref((struct fx_cell *)(uintptr_t)key[i]);
}

/* A key that this worker has not seen: its number, remembered unless it is 'other', which has no key of its own. */
static uint32_t learn(struct prom_worker *worker, const struct lane *lane)
{
    struct prom_family *family = &worker->output->families[lane->family];
    struct tally *tally = &worker->tallies[lane->family];
    bool is_new;
    uint32_t number = prom_registry_get(&family->registry, lane->key, lane->hash, prom_clock_ms(), &is_new);
    if (is_new)
        keep_cells(family, lane->key);
    if (!grow_values(tally, (size_t)number + 1))
        return UINT32_MAX;
    if (number != PROM_OTHER_SERIES && grow_slots(tally)) {
        place(tally->slots, tally->mask, lane->hash, number);
        tally->count++;
    }
    return number;
}

static uint32_t find(const struct prom_worker *worker, const struct lane *lane)
{
    const struct tally *tally = &worker->tallies[lane->family];
    const struct prom_registry *registry = &worker->output->families[lane->family].registry;
    for (size_t at = lane->hash & tally->mask; tally->slots[at].number; at = (at + 1) & tally->mask) {
        uint32_t number = tally->slots[at].number - 1;
        if (tally->slots[at].hash == lane->hash &&
            memcmp(prom_series_at(registry, number)->key, lane->key, sizeof lane->key) == 0)
            return number;
    }
    return UINT32_MAX;
}

/* The word of a label: a number, the number of a text, or the address of a cell. */
static inline bool make_word(struct prom_worker *worker, const struct prom_label *label, const struct fx_value *value,
                             uint64_t *word)
{
    if (label->is_number) {
        *word = value->type == FX_UNSIGNED ? value->u : 0;
        return true;
    }
    if (value->type == FX_LATE) {
        *word = (uint64_t)(uintptr_t)value->cell;
        return true;
    }
    bool has_text = value->type == FX_TEXT;
    uint32_t number = prom_intern_get(&worker->output->texts, &worker->texts, has_text ? value->text : "",
                                      has_text ? value->size : 0);
    *word = PROM_KEY_TEXT | number;
    return number != UINT32_MAX;
}

static inline uint64_t number_of(const struct fx_value *value)
{
    return value->type == FX_UNSIGNED ? value->u : 0;
}

/* The first family that the record belongs to, or PROM_FAMILIES. */
static inline unsigned family_of(const struct prom_output *output, const struct fx_value *row)
{
    unsigned i = 0;
    for (; i < PROM_FAMILIES; i++) {
        const struct prom_family *family = &output->families[i];
        if (number_of(&row[family->match]) == family->number &&
            !(family->has_unless && number_of(&row[family->unless]) == family->number))
            break;
    }
    return i;
}

/* Fills a lane and asks for its slot's memory. False: nothing to count; *verdict says if memory is why. */
static bool load(struct prom_worker *worker, const struct fx_value *row, struct lane *lane, struct batch_counts *counts,
                 enum fx_verdict *verdict)
{
    lane->family = family_of(worker->output, row);
    if (lane->family == PROM_FAMILIES) {
        counts->unmatched++;
        return false;
    }
    const struct prom_family *family = &worker->output->families[lane->family];
    const struct fx_value *value = &row[family->value];
    if (value->type != FX_UNSIGNED) {
        counts->without_value++;
        return false;
    }
    lane->value = value->u;
    for (unsigned i = 0; i < PROM_LABELS; i++) {
        if (!make_word(worker, &family->labels[i], &row[family->labels[i].field], &lane->key[i])) {
            *verdict = FX_FATAL;
            return false;
        }
    }
    lane->hash = prom_hash_words(lane->key, PROM_LABELS);
    __builtin_prefetch(&worker->tallies[lane->family].slots[lane->hash & worker->tallies[lane->family].mask]);
    return true;
}

static bool count_lane(struct prom_worker *worker, const struct lane *lane, struct batch_counts *counts)
{
    uint32_t number = find(worker, lane);
    if (number == UINT32_MAX)
        number = learn(worker, lane);
    if (number == UINT32_MAX)
        return false;
    counts->other += number == PROM_OTHER_SERIES;
    worker->tallies[lane->family].values[number] += lane->value;
    return true;
}

static void publish(struct fx_instance *instance, const struct batch_counts *counts)
{
    if (counts->unmatched)
        fx_metric_add(instance, PROM_UNMATCHED, 0, counts->unmatched);
    if (counts->without_value)
        fx_metric_add(instance, PROM_WITHOUT_VALUE, 0, counts->without_value);
    if (counts->other)
        fx_metric_add(instance, PROM_OTHER, 0, counts->other);
}

enum fx_verdict prom_write(void *self, void *context, const struct fx_batch *batch)
{
    struct prom_output *output = self;
    struct prom_worker *worker = context;
    struct batch_counts counts = {0};
    enum fx_verdict verdict = FX_OK;
    struct lane lanes[LANES];
    for (uint32_t row = 0; row < batch->rows;) {
        unsigned used = 0;
        for (; row < batch->rows && used < LANES; row++)
            used += load(worker, fx_batch_row(batch, row), &lanes[used], &counts, &verdict);
        for (unsigned i = 0; i < used; i++)
            if (!count_lane(worker, &lanes[i], &counts))
                verdict = FX_FATAL; /* without memory a sum would be wrong: better none */
    }
    publish(output->instance, &counts);
    return verdict;
}

void prom_worker_add_values(const struct prom_worker *worker, unsigned family, uint64_t *sums, size_t count)
{
    const struct tally *tally = &worker->tallies[family];
    size_t known = tally->capacity < count ? tally->capacity : count;
    for (size_t i = 0; i < known; i++)
        sums[i] += tally->values[i];
}

void prom_worker_set_values(struct prom_worker *worker, unsigned family, const uint64_t *values, size_t count)
{
    struct tally *tally = &worker->tallies[family];
    memset(tally->values, 0, tally->capacity * sizeof *tally->values);
    if (!values)
        return;
    if (!grow_values(tally, count))
        abort(); /* the values that were shown must not be lost */
    memcpy(tally->values, values, count * sizeof *values);
}
