/* Rates of output-prometheus: the growth of counters between cuts, by label value, compared with sums made here. */
#include "prom_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/output-prometheus/live/heavy.h"

#define START_MS 1000000

#define assert_near(a, b, most) assert_true(fabs((a) - (b)) <= (most))

static struct prom_rates *rates_of(struct prom_fixture *fixture)
{
    return &fixture->output->rates;
}

/* Takes a checkpoint whose cut is this long after the start, and looks at it. */
static bool step_at(struct prom_fixture *fixture, int64_t after_ms)
{
    prom_fixture_checkpoint(fixture);
    fixture->output->store.exposed->cut_ms = START_MS + after_ms;
    return prom_rates_step(rates_of(fixture));
}

static const struct prom_view *view_of(struct prom_fixture *fixture, enum prom_by by, enum prom_direction direction)
{
    for (unsigned i = 0; i < rates_of(fixture)->view_count; i++) {
        const struct prom_view *view = &rates_of(fixture)->views[i];
        if (view->by == by && view->direction == direction)
            return view;
    }
    fail_msg("no such view");
    return NULL;
}

static const struct prom_entity *entity_of(const struct prom_view *view, const char *label)
{
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++)
        if (view->entities[i].is_used && strcmp(view->entities[i].label, label) == 0)
            return &view->entities[i];
    return NULL;
}

/* The rate at the newest point; 0 if the label value is not kept. */
static double rate_of(struct prom_fixture *fixture, const struct prom_view *view, const char *label)
{
    const struct prom_entity *entity = entity_of(view, label);
    return entity ? entity->rates[rates_of(fixture)->newest] : 0;
}

/* One step: so many payloads arrive at the source, and the program takes as many as it can. */
static bool backlog_step(struct prom_backlog *backlog, int64_t arrive, int64_t most)
{
    static int64_t lag, payloads;
    if (!backlog->has_last)
        lag = payloads = 0;
    lag += arrive;
    int64_t taken = lag < most ? lag : most;
    lag -= taken;
    payloads += taken;
    return prom_backlog_note(backlog, lag, payloads);
}

static void a_backlog_is_told_from_traffic(void **state)
{
    (void)state;
    struct prom_backlog backlog = {.has_last = false};
    assert_false(backlog_step(&backlog, 100000, 4000)); /* this many wait at the first look */
    unsigned marked = 0;
    while (backlog_step(&backlog, 100, 4000))
        marked++;
    /* 96,000 payloads wait, and each step works off 3,900 of them. Few remain for the last step but one. */
    assert_in_range(marked, 24, 25);
    for (int i = 0; i < 50; i++)
        assert_false(backlog_step(&backlog, 100, 4000));
}

static void a_burst_a_minute_is_traffic(void **state)
{
    (void)state;
    struct prom_backlog backlog = {.has_last = false};
    for (int i = 1; i < 120; i++)
        assert_false(backlog_step(&backlog, i % 12 ? 0 : 1000000, 600000)); /* taken in two steps */
}

static void idle_is_no_backlog(void **state)
{
    (void)state;
    struct prom_backlog backlog = {.has_last = false};
    for (int i = 0; i < 20; i++)
        assert_false(backlog_step(&backlog, 0, 4000));
}

static void views_of_the_default_metrics(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    assert_int_equal(rates_of(&fixture)->view_count, 4);
    assert_string_equal(view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN)->family->name, "flow_receive_bytes_total");
    assert_string_equal(view_of(&fixture, PROM_BY_ROUTER, PROM_DIRECTION_IN)->family->name, "flow_receive_bytes_total");
    assert_string_equal(view_of(&fixture, PROM_BY_DESTINATION, PROM_DIRECTION_OUT)->family->name,
                        "flow_transmit_bytes_total");
    assert_string_equal(view_of(&fixture, PROM_BY_ROUTER, PROM_DIRECTION_OUT)->family->name,
                        "flow_transmit_bytes_total");
    prom_fixture_fini(&fixture);
}

/* Two workers write random records. The rates of all points are the sums between the cuts. */
static void rates_are_what_was_counted(void **state)
{
    (void)state;
    enum { OTHERS = 50, STEPS = 8 };
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 1000, 0);
    srand(4);
    assert_true(step_at(&fixture, 0));
    for (int step = 1; step <= STEPS; step++) {
        double in[OTHERS] = {0}, in_b = 0, all = 0;
        for (int i = 0; i < 400; i++) {
            uint64_t other = (uint64_t)(rand() % OTHERS), bytes = (uint64_t)(rand() % 1000000);
            bool is_b = rand() % 3 == 0;
            prom_fixture_write(&fixture, (unsigned)i % 2, 200 + other, 100, is_b ? "b" : "a", bytes, NULL, NULL);
            in[other] += (double)bytes;
            in_b += is_b ? (double)bytes : 0;
            all += (double)bytes;
        }
        assert_true(step_at(&fixture, step * 8000));
        const struct prom_view *sources = view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN);
        for (int other = 0; other < OTHERS; other++) {
            char label[16];
            snprintf(label, sizeof label, "%d", 200 + other);
            assert_near(rate_of(&fixture, sources, label), in[other] / 8, 1e-6);
        }
        assert_near(sources->totals[rates_of(&fixture)->newest], all / 8, 1e-6);
        assert_near(rate_of(&fixture, view_of(&fixture, PROM_BY_ROUTER, PROM_DIRECTION_IN), "b"), in_b / 8, 1e-6);
        assert_near(view_of(&fixture, PROM_BY_ROUTER, PROM_DIRECTION_OUT)->totals[rates_of(&fixture)->newest], 0, 0);
    }
    assert_int_equal(rates_of(&fixture)->point_count, STEPS);
    prom_fixture_fini(&fixture);
}

static void a_young_cut_is_no_step(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    assert_true(step_at(&fixture, 0));
    assert_false(step_at(&fixture, 4000));
    prom_fixture_write(&fixture, 0, 7, 100, "a", 60, NULL, NULL);
    assert_true(step_at(&fixture, 6000));
    assert_near(rate_of(&fixture, view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN), "7"), 10, 1e-9);
    prom_fixture_fini(&fixture);
}

/* Counts from before the first look are no growth. A restored cut is not looked at. */
static void what_was_there_before_has_not_grown(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    prom_fixture_write(&fixture, 0, 7, 100, "a", 1000000, NULL, NULL);
    assert_false(prom_rates_step(rates_of(&fixture)));
    assert_true(step_at(&fixture, 0));
    assert_int_equal(rates_of(&fixture)->point_count, 0);
    prom_fixture_write(&fixture, 0, 7, 100, "a", 50, NULL, NULL);
    assert_true(step_at(&fixture, 5000));
    assert_near(rate_of(&fixture, view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN), "7"), 10, 1e-9);
    prom_fixture_fini(&fixture);
}

/* A number that passes to another series counts from zero, whether the new value is above or below the old one. */
static void a_number_that_is_used_again(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    struct prom_registry *registry = &fixture.output->store.families[0].registry;
    prom_fixture_write(&fixture, 0, 7, 100, "a", 50, NULL, NULL);
    assert_true(step_at(&fixture, 0));
    prom_series_set_created(registry, 1, prom_series_created(registry, 1) + 3600000);
    prom_fixture_write(&fixture, 0, 7, 100, "a", 50, NULL, NULL);
    assert_true(step_at(&fixture, 5000));
    const struct prom_view *view = view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN);
    assert_near(rate_of(&fixture, view, "7"), 100 / 5.0, 1e-9);
    prom_fixture_fini(&fixture);
}

static void a_held_series_grows_when_it_is_shown(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 3600000);
    struct fx_cell *name = fx_cell_new_keyed("7", 1);
    assert_true(step_at(&fixture, 0));
    prom_fixture_write(&fixture, 0, 7, 100, "a", 40, name, NULL);
    assert_true(step_at(&fixture, 5000));
    const struct prom_view *view = view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN);
    assert_near(view->totals[rates_of(&fixture)->newest], 0, 0);
    prom_fixture_write(&fixture, 0, 7, 100, "a", 10, name, NULL);
    assert_int_equal(fx_cell_set(name, FX_CELL_KNOWN, "SEVEN \"\\\n", 9), 0);
    assert_true(step_at(&fixture, 10000));
    assert_near(rate_of(&fixture, view, "7"), 10, 1e-9);
    assert_string_equal(entity_of(view, "7")->name, "SEVEN \"\\\n"); /* unescaped */
    fx_cell_unref(name);
    prom_fixture_fini(&fixture);
}

static void a_long_label_is_cut_at_a_character(void **state)
{
    (void)state;
    char label[401] = "";
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    for (int i = 0; i < 100; i++)
        memcpy(label + 1 + 3 * i, "\xe2\x82\xac", 4); /* the euro sign */
    label[0] = 'x';
    assert_true(step_at(&fixture, 0));
    prom_fixture_write(&fixture, 0, 7, 100, label, 10, NULL, NULL);
    assert_true(step_at(&fixture, 5000));
    label[1 + 3 * 42] = '\0';
    assert_non_null(entity_of(view_of(&fixture, PROM_BY_ROUTER, PROM_DIRECTION_IN), label));
    prom_fixture_fini(&fixture);
}

/* Beyond max_series all other series are one value, 'other'. */
static void others_are_one(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 2, 0);
    assert_true(step_at(&fixture, 0));
    for (uint64_t i = 0; i < 10; i++)
        prom_fixture_write(&fixture, 0, 7 + i, 100, "a", 10, NULL, NULL);
    assert_true(step_at(&fixture, 5000));
    const struct prom_view *view = view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN);
    assert_near(rate_of(&fixture, view, "7") + rate_of(&fixture, view, "8") + rate_of(&fixture, view, "other"), 20,
                1e-9);
    assert_near(view->totals[rates_of(&fixture)->newest], 20, 1e-9);
    prom_fixture_fini(&fixture);
}

/* There are more values than places. A heavier newcomer replaces the lightest value. Its earlier growth is unknown. */
static void the_heaviest_are_kept(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 10000, 0);
    assert_true(step_at(&fixture, 0));
    for (int step = 1; step <= 4; step++) {
        for (uint64_t i = 0; i < 500; i++)
            prom_fixture_write(&fixture, 0, 1000 + i, 100, "a", 5 * (i + (uint64_t)step * 1000), NULL, NULL);
        assert_true(step_at(&fixture, step * 5000));
    }
    for (uint64_t i = 1; i <= PROM_RATES_HEAVIEST; i++) /* now all places are taken */
        prom_fixture_write(&fixture, 0, 2000 + i, 100, "a", 5 * i, NULL, NULL);
    assert_true(step_at(&fixture, 25000));
    const struct prom_view *view = view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN);
    for (unsigned i = 0; i < PROM_RATES_TRACKED; i++)
        assert_true(view->entities[i].is_used);
    prom_fixture_write(&fixture, 0, 77, 100, "a", 1000000, NULL, NULL);
    assert_true(step_at(&fixture, 30000));
    assert_null(entity_of(view, "2001")); /* the lightest */
    assert_non_null(entity_of(view, "2002"));
    const struct prom_entity *newcomer = entity_of(view, "77");
    assert_non_null(newcomer);
    assert_near(newcomer->rates[rates_of(&fixture)->newest], 200000, 1e-6);
    assert_true(isnan(newcomer->rates[prom_rates_place(rates_of(&fixture), 1)]));
    for (int i = 436; i < 500; i++) {
        char label[16];
        snprintf(label, sizeof label, "%d", 1000 + i);
        assert_near(entity_of(view, label)->rates[prom_rates_place(rates_of(&fixture), 2)], i + 4000, 1e-6);
        assert_near(entity_of(view, label)->rates[rates_of(&fixture)->newest], 0, 0);
    }
    prom_fixture_fini(&fixture);
}

static void the_window_has_an_end(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    struct prom_rates *rates = rates_of(&fixture);
    assert_true(step_at(&fixture, 0));
    for (int step = 1; step <= 3 * PROM_RATES_POINTS; step++) {
        prom_fixture_write(&fixture, 0, 7, 100, "a", 5 * (uint64_t)step, NULL, NULL);
        assert_true(step_at(&fixture, step * 5000));
    }
    assert_int_equal(rates->point_count, PROM_RATES_POINTS);
    for (unsigned age = 0; age < PROM_RATES_POINTS; age++)
        assert_near(
            entity_of(view_of(&fixture, PROM_BY_SOURCE, PROM_DIRECTION_IN), "7")->rates[prom_rates_place(rates, age)],
            3 * PROM_RATES_POINTS - age, 1e-9);
    prom_fixture_checkpoint(&fixture);
    fixture.output->store.exposed->cut_ms = START_MS + 10000000;
    fixture.output->store.exposed->cut_wall_ms += PROM_RATES_WINDOW_MS + 60000;
    assert_true(prom_rates_step(rates));
    assert_int_equal(rates->point_count, 1); /* the earlier points ended too long ago */
    prom_fixture_fini(&fixture);
}

static int by_growth(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? 1 : left > right ? -1 : 0;
}

static void the_heaviest_keys_are_those_of_a_sort(void **state)
{
    (void)state;
    enum { KEYS = 5000, TOP = 64 };
    static int64_t sums[KEYS];
    const struct prom_grown *top[TOP];
    struct prom_heavy heavy = {.slots = NULL};
    srand(9);
    assert_int_equal(prom_heavy_top(&heavy, top, TOP), 0);
    assert_null(prom_heavy_find(&heavy, 1));
    for (int i = 0; i < 20 * KEYS; i++) {
        int key = rand() % KEYS;
        int64_t growth = rand() % 1000 - 100;
        sums[key] += growth;
        prom_heavy_add(&heavy, (uint64_t)key << 40, (uint32_t)i, growth);
    }
    for (int key = 0; key < KEYS; key++)
        assert_int_equal(prom_heavy_find(&heavy, (uint64_t)key << 40)->growth, sums[key]);
    qsort(sums, KEYS, sizeof *sums, by_growth);
    assert_int_equal(prom_heavy_top(&heavy, top, TOP), TOP);
    int64_t found[TOP];
    for (int i = 0; i < TOP; i++)
        found[i] = top[i]->growth;
    qsort(found, TOP, sizeof *found, by_growth);
    assert_memory_equal(found, sums, sizeof found);
    prom_heavy_fini(&heavy);
}

static void keys_have_a_bound(void **state)
{
    (void)state;
    struct prom_heavy heavy = {.slots = NULL};
    for (uint64_t key = 0; key < 4 * PROM_HEAVY_KEYS_MAX; key++)
        prom_heavy_add(&heavy, key, 0, 1);
    assert_int_equal(heavy.count, PROM_HEAVY_KEYS_MAX);
    prom_heavy_add(&heavy, 5, 0, 7); /* known keys still grow */
    assert_int_equal(prom_heavy_find(&heavy, 5)->growth, 8);
    prom_heavy_fini(&heavy);
}

/* The value of a series that ends is no traffic, neither where it leaves nor where it goes. */
static void a_series_that_ends_is_no_traffic(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    prom_fixture_init(&fixture, 100, 0);
    struct prom_expire *expire = &fixture.output->store.families[1].expire;
    expire->after_ms = 60000;
    expire->is_on = true;
    const struct prom_view *view = view_of(&fixture, PROM_BY_DESTINATION, PROM_DIRECTION_OUT);
    prom_fixture_write(&fixture, 0, 100, 1, "r1", 1000, NULL, NULL);
    prom_fixture_write(&fixture, 0, 100, 1, "r2", 1000, NULL, NULL);
    prom_fixture_write(&fixture, 1, 100, 2, "r2", 1000, NULL, NULL);
    assert_true(step_at(&fixture, 0));
    for (size_t i = 0; i < expire->known; i++)
        expire->active[i] -= 600;
    prom_fixture_write(&fixture, 0, 100, 1, "r1", 500, NULL, NULL);
    prom_before_cut(fixture.output);
    assert_true(step_at(&fixture, 5000));
    assert_int_equal(fixture.output->store.families[1].life.gone, 2);
    assert_near(rate_of(&fixture, view, "1"), 100, 0.01);
    assert_near(rate_of(&fixture, view, "2"), 0, 0.01);
    assert_near(view->totals[rates_of(&fixture)->newest], 100, 0.01);
    prom_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backlog_is_told_from_traffic),
        cmocka_unit_test(a_burst_a_minute_is_traffic),
        cmocka_unit_test(idle_is_no_backlog),
        cmocka_unit_test(views_of_the_default_metrics),
        cmocka_unit_test(rates_are_what_was_counted),
        cmocka_unit_test(a_young_cut_is_no_step),
        cmocka_unit_test(what_was_there_before_has_not_grown),
        cmocka_unit_test(a_number_that_is_used_again),
        cmocka_unit_test(a_held_series_grows_when_it_is_shown),
        cmocka_unit_test(a_long_label_is_cut_at_a_character),
        cmocka_unit_test(others_are_one),
        cmocka_unit_test(the_heaviest_are_kept),
        cmocka_unit_test(the_window_has_an_end),
        cmocka_unit_test(the_heaviest_keys_are_those_of_a_sort),
        cmocka_unit_test(keys_have_a_bound),
        cmocka_unit_test(a_series_that_ends_is_no_traffic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
