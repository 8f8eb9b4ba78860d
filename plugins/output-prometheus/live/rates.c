/*
 * Steps: how much counters grew between two committed cuts, summed by label value. The thread of rates enters
 * prom_rates_step(). The HTTP thread reads under the lock. A step holds the lock only while it writes its few
 * figures.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/heavy.h"
#include "base/big.h"
#include "live/rates.h"
#include "series/store.h"
#include "base/thread.h"

/* Cuts that are asked for every five seconds come a little early or late. */
#define TOLERANCE_MS 500

struct step {
    const struct prom_snapshot *snapshot;
    struct prom_heavy heavy[PROM_VIEWS_MAX];
    int64_t totals[PROM_VIEWS_MAX];
    struct prom_point point;
};

int prom_rates_init(struct prom_rates *rates, struct prom_store *store, struct fx_error *err)
{
    rates->store = store;
    prom_lock_init(&rates->lock, &rates->changed);
    prom_views_init(rates);
    rates->before = calloc(store->family_count, sizeof *rates->before);
    bool is_whole = rates->before;
    for (unsigned i = 0; i < rates->view_count; i++) {
        rates->views[i].entities = calloc(PROM_RATES_TRACKED, sizeof *rates->views[i].entities);
        is_whole = is_whole && rates->views[i].entities;
    }
    return is_whole ? 0 : fx_error_set(err, FX_ENOMEM, "out of memory");
}

static void free_values(struct prom_values *values)
{
    prom_big_free(values->values, values->capacity * sizeof *values->values, true);
}

void prom_rates_fini(struct prom_rates *rates)
{
    if (!rates->store)
        return;
    for (unsigned i = 0; i < rates->view_count; i++)
        free(rates->views[i].entities);
    for (unsigned i = 0; rates->before && i < rates->store->family_count; i++)
        free_values(&rates->before[i]);
    free(rates->before);
    pthread_cond_destroy(&rates->changed);
    pthread_mutex_destroy(&rates->lock);
}

/* Known values stay, and new ones are 0. False without memory. */
static bool fit_values(struct prom_values *before, size_t count)
{
    if (count > before->capacity) {
        size_t capacity = count + count / 4;
        uint64_t *values = prom_big_new(capacity * sizeof *values, true);
        if (!values)
            return false;
        if (before->count)
            memcpy(values, before->values, before->count * sizeof *values);
        free_values(before);
        before->capacity = capacity;
        before->values = values;
    }
    for (size_t i = before->count; i < count; i++)
        before->values[i] = 0;
    before->count = count > before->count ? count : before->count;
    return true;
}

static void add_growth(const struct prom_rates *rates, struct step *step, const struct prom_family *family,
                       uint32_t number, int64_t growth)
{
    for (unsigned i = 0; i < rates->view_count; i++) {
        const struct prom_view *view = &rates->views[i];
        if (view->family != family)
            continue;
        step->totals[i] += growth;
        prom_heavy_add(&step->heavy[i], prom_view_key(view, number), number, growth);
    }
}

/* Adds what series brought between the last step and their end. Afterwards that belongs to no single series. */
static void add_ended(const struct prom_rates *rates, struct step *step, const struct prom_family *family,
                      int64_t growth)
{
    for (unsigned i = 0; i < rates->view_count && growth > 0; i++)
        if (rates->views[i].family == family)
            step->totals[i] += growth;
}

/*
 * Counts growth as a reader of pages would see it. A series that is not shown has not grown. A new series, or one
 * whose number belonged to another one before, grew from 0. A smaller value than before is growth as well if the
 * rest went on under another name. If the rest has ended, it is in the sum of ended series.
 */
static void sum_family(const struct prom_rates *rates, struct step *step, unsigned index)
{
    const struct prom_family *family = &rates->store->families[index];
    const struct prom_values *now = &step->snapshot->families[index];
    struct prom_values *before = &rates->before[index];
    bool have_ended = now->ended[PROM_SLOT_FIRST] > before->ended[PROM_SLOT_FIRST];
    int64_t ended = have_ended ? (int64_t)(now->ended[PROM_SLOT_FIRST] - before->ended[PROM_SLOT_FIRST]) : 0;
    for (size_t number = 0; number < now->count; number++) {
        uint64_t value = now->values[number], old = before->values[number];
        if (value == old)
            continue;
        const struct prom_series *series = prom_series_at(&family->registry, (uint32_t)number);
        before->values[number] = value;
        if (have_ended && !value) {
            ended -= (int64_t)old;
            continue;
        }
        if (!prom_standing_text_in(&series->standing, step->snapshot->number)) {
            before->values[number] = 0;
            continue;
        }
        if (prom_series_created(&family->registry, (uint32_t)number) > rates->before_wall_ms) {
            ended -= have_ended ? (int64_t)old : 0;
            old = 0;
        }
        if (rates->has_before)
            add_growth(rates, step, family, (uint32_t)number, (int64_t)(value - old));
    }
    memcpy(before->ended, now->ended, sizeof before->ended);
    if (rates->has_before)
        add_ended(rates, step, family, ended);
}

static double rate_of(int64_t growth, double seconds)
{
    return growth > 0 ? (double)growth / seconds : 0;
}

/* The weight known of an entity, to decide which one a newcomer replaces. */
static double weight_of(const struct prom_rates *rates, const struct prom_entity *entity)
{
    double weight = 0;
    for (unsigned age = 0; age < rates->point_count; age++) {
        unsigned place = prom_rates_place(rates, age);
        if (!isnan(entity->rates[place]))
            weight += entity->rates[place] * rates->points[place].seconds;
    }
    return weight;
}

static struct prom_entity *find_entity(const struct prom_view *view, uint64_t key)
{
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++)
        if (view->entities[i].is_used && view->entities[i].key == key)
            return &view->entities[i];
    return NULL;
}

/* A free place, or that of the lightest entity if it is lighter. */
static struct prom_entity *place_for(const struct prom_rates *rates, const struct prom_view *view, double weight)
{
    struct prom_entity *lightest = NULL;
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++) {
        struct prom_entity *entity = &view->entities[i];
        if (!entity->is_used)
            return entity;
        double other = weight_of(rates, entity);
        if (other < weight) {
            weight = other;
            lightest = entity;
        }
    }
    return lightest;
}

static void begin_entity(struct prom_entity *entity, uint64_t key)
{
    *entity = (struct prom_entity){.is_used = true, .key = key};
    for (unsigned i = 0; i < PROM_RATES_POINTS; i++)
        entity->rates[i] = NAN;
}

/*
 * Reads the label's text again as well: its number may belong to another text now. Then the past is not of this
 * text.
 */
static void describe(const struct prom_view *view, const struct prom_grown *grown, struct prom_entity *entity)
{
    char before[PROM_ENTITY_LABEL];
    size_t size = entity->label_size;
    memcpy(before, entity->label, sizeof before);
    prom_view_describe(view, grown->number, entity);
    if (size && (size != entity->label_size || memcmp(before, entity->label, size) != 0)) {
        struct prom_entity other = *entity;
        begin_entity(entity, other.key);
        memcpy(entity->label, other.label, sizeof entity->label);
        memcpy(entity->name, other.name, sizeof entity->name);
        entity->label_size = other.label_size;
        entity->name_size = other.name_size;
    }
}

static void note_view(const struct prom_rates *rates, struct prom_view *view, const struct prom_heavy *heavy,
                      int64_t total)
{
    const struct prom_grown *top[PROM_RATES_HEAVIEST];
    double seconds = rates->points[rates->newest].seconds;
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++)
        view->entities[i].rates[rates->newest] = view->entities[i].is_used ? 0 : NAN;
    size_t count = prom_heavy_top(heavy, top, PROM_RATES_HEAVIEST);
    for (size_t i = 0; i < count; i++) {
        struct prom_entity *entity = find_entity(view, top[i]->key);
        if (!entity && (entity = place_for(rates, view, (double)top[i]->growth)))
            begin_entity(entity, top[i]->key);
    }
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++) {
        struct prom_entity *entity = &view->entities[i];
        const struct prom_grown *grown = entity->is_used ? prom_heavy_find(heavy, entity->key) : NULL;
        if (grown)
            describe(view, grown, entity);
        if (entity->is_used)
            entity->rates[rates->newest] = grown ? rate_of(grown->growth, seconds) : 0;
    }
    view->totals[rates->newest] = rate_of(total, seconds);
    view->count = heavy->count;
}

/* Under the lock: the step's figures become the newest point. Points that ended too long ago are dropped. */
static void note(struct prom_rates *rates, const struct step *step)
{
    rates->newest = (rates->newest + 1) % PROM_RATES_POINTS;
    rates->points[rates->newest] = step->point;
    if (rates->point_count < PROM_RATES_POINTS)
        rates->point_count++;
    while (rates->point_count > 1) {
        const struct prom_point *oldest = &rates->points[prom_rates_place(rates, rates->point_count - 1)];
        if (oldest->end_ms + PROM_RATES_WINDOW_MS >= step->point.end_ms)
            break;
        rates->point_count--;
    }
    for (unsigned i = 0; i < rates->view_count; i++)
        note_view(rates, &rates->views[i], &step->heavy[i], step->totals[i]);
}

static void take_step(struct prom_rates *rates, const struct prom_snapshot *snapshot)
{
    struct step step = {.snapshot = snapshot,
                        .point = {.end_ms = snapshot->cut_wall_ms,
                                  .seconds = (double)(snapshot->cut_ms - rates->before_ms) / 1000,
                                  .is_backlog = prom_backlog_note_inputs(&rates->backlog, rates->store->instance)}};
    int64_t begin_ns = prom_clock_ns();
    for (unsigned i = 0; i < rates->store->family_count; i++)
        if (rates->store->families[i].type == PROM_COUNTER &&
            /* without memory it stays as it is, and this family is not looked at now */
            fit_values(&rates->before[i], snapshot->families[i].count))
            sum_family(rates, &step, i);
    pthread_mutex_lock(&rates->lock);
    if (rates->has_before)
        note(rates, &step);
    rates->cost_ns = prom_clock_ns() - begin_ns;
    pthread_mutex_unlock(&rates->lock);
    for (unsigned i = 0; i < rates->view_count; i++)
        prom_heavy_fini(&step.heavy[i]);
    rates->has_before = true;
    rates->before_ms = snapshot->cut_ms;
    rates->before_wall_ms = snapshot->cut_wall_ms;
}

bool prom_rates_step(struct prom_rates *rates)
{
    struct prom_snapshot *snapshot = prom_snapshot_get(rates->store);
    bool is_due = snapshot->cut_ms &&
                  (!rates->has_before || snapshot->cut_ms - rates->before_ms >= PROM_RATES_STEP_MS - TOLERANCE_MS);
    if (is_due)
        take_step(rates, snapshot);
    prom_snapshot_unref(snapshot);
    return is_due;
}

static void *thread_main(void *arg)
{
    struct prom_rates *rates = arg;
    pthread_mutex_lock(&rates->lock);
    while (!rates->stops) {
        if (!rates->is_committed) {
            pthread_cond_wait(&rates->changed, &rates->lock);
            continue;
        }
        rates->is_committed = false;
        pthread_mutex_unlock(&rates->lock);
        prom_rates_step(rates);
        pthread_mutex_lock(&rates->lock);
    }
    pthread_mutex_unlock(&rates->lock);
    return NULL;
}

int prom_rates_start(struct prom_rates *rates, struct fx_error *err)
{
    int rc = prom_thread_start(&rates->thread, "fx-rates", thread_main, rates, err);
    rates->is_running = rc == 0;
    return rc;
}

void prom_rates_stop(struct prom_rates *rates)
{
    if (!rates->is_running)
        return;
    pthread_mutex_lock(&rates->lock);
    rates->stops = true;
    pthread_cond_signal(&rates->changed);
    pthread_mutex_unlock(&rates->lock);
    pthread_join(rates->thread, NULL);
    rates->is_running = false;
}

void prom_rates_committed(struct prom_rates *rates)
{
    pthread_mutex_lock(&rates->lock);
    rates->is_committed = true;
    pthread_cond_signal(&rates->changed);
    pthread_mutex_unlock(&rates->lock);
}
