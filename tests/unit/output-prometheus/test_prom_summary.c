/* The summary of weights, compared with an exact count: its bound over additions, merges and scalings, and its cost. */
#include "plugins/output-prometheus/series/summary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS     4096
#define COUNTERS 64

/* Small numbers below 2^53, so that sums of doubles are exact. */
static uint64_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Some keys come much more often than others. */
static uint64_t draw_key(uint64_t *state)
{
    uint64_t range = (uint64_t)1 << dice(state) % 13;
    return dice(state) % range;
}

static double total_of(const double *exact)
{
    double total = 0;
    for (unsigned i = 0; i < KEYS; i++)
        total += exact[i];
    return total;
}

/* The slack is for rounding: the exact count is scaled as a whole, a counter only after it was lowered. */
static void expect_bound(const struct prom_summary *summary, const double *exact)
{
    double total = total_of(exact), slack = total * 1e-9;
    assert_true(summary->count <= COUNTERS);
    assert_true(summary->total >= total - slack && summary->total <= total + slack);
    assert_true(summary->lowered <= 2 * total / COUNTERS + slack);
    for (unsigned i = 0; i < KEYS; i++) {
        double weight = prom_summary_get(summary, i + 1);
        assert_true(weight <= exact[i] + slack);
        assert_true(weight + summary->lowered >= exact[i] - slack);
    }
}

static void expect_top(const struct prom_summary *summary, const double *exact)
{
    struct prom_counter top[COUNTERS];
    size_t count = prom_summary_top(summary, 0, top, COUNTERS);
    double last = total_of(exact) + 1;
    for (size_t i = 0; i < count; i++) {
        assert_true(top[i].weight > 0 && top[i].weight <= last);
        assert_true(top[i].weight == prom_summary_get(summary, top[i].key));
        last = top[i].weight;
    }
    for (unsigned i = 0; i < KEYS; i++) { /* whatever is heavy enough is there */
        bool is_there = false;
        for (size_t j = 0; j < count; j++)
            is_there = is_there || top[j].key == i + 1;
        assert_true(is_there || exact[i] <= summary->lowered * (1 + 1e-9));
    }
    assert_int_equal(prom_summary_top(summary, 0, top, 3), count < 3 ? count : 3);
    if (count)
        assert_int_equal(prom_summary_top(summary, top[0].weight, top, 3), 0);
}

static void its_bound_holds_against_an_exact_count(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        uint64_t random = seed;
        struct prom_summary all, parts[3];
        double *exact = calloc(KEYS, sizeof *exact);
        assert_int_equal(prom_summary_init(&all, COUNTERS, seed), 0);
        for (unsigned i = 0; i < 3; i++)
            assert_int_equal(prom_summary_init(&parts[i], COUNTERS, seed + i), 0);
        for (unsigned round = 0; round < 20; round++) {
            for (unsigned i = 0; i < 2000; i++) {
                uint64_t key = draw_key(&random), weight = dice(&random) % 1000;
                prom_summary_add(&parts[dice(&random) % 3], key + 1, (double)weight);
                exact[key] += (double)weight;
            }
            for (unsigned i = 0; i < 3; i++)
                prom_summary_merge(&all, &parts[i]);
            for (unsigned i = 0; i < 3; i++)
                assert_true(parts[i].count == 0 && parts[i].total == 0 && prom_summary_get(&parts[i], 1) == 0);
            expect_bound(&all, exact);
            expect_top(&all, exact);
            prom_summary_scale(&all, 0.75);
            for (unsigned i = 0; i < KEYS; i++)
                exact[i] *= 0.75;
        }
        free(exact);
        prom_summary_fini(&all);
        for (unsigned i = 0; i < 3; i++)
            prom_summary_fini(&parts[i]);
    }
}

/* One heavy key among a million light ones, each of which occurs once. */
static void a_heavy_key_survives_a_flood(void **state)
{
    (void)state;
    struct prom_summary summary;
    assert_int_equal(prom_summary_init(&summary, COUNTERS, 7), 0);
    for (uint64_t i = 0; i < 1000000; i++) {
        prom_summary_add(&summary, UINT64_C(1000) + i, 1);
        if (i % 10 == 0)
            prom_summary_add(&summary, 1, 1);
    }
    struct prom_counter top[COUNTERS];
    assert_true(prom_summary_top(&summary, 0, top, COUNTERS) >= 1);
    assert_int_equal(top[0].key, 1);
    assert_true(top[0].weight >= 100000 - 2 * 1100000.0 / COUNTERS);
    prom_summary_fini(&summary);
}

static void what_is_taken_out_begins_again(void **state)
{
    (void)state;
    struct prom_summary summary;
    assert_int_equal(prom_summary_init(&summary, COUNTERS, 7), 0);
    prom_summary_add(&summary, 1, 5);
    prom_summary_add(&summary, 2, 6);
    assert_true(prom_summary_take(&summary, 1) == 5);
    assert_true(prom_summary_take(&summary, 1) == 0);
    assert_true(prom_summary_take(&summary, 3) == 0);
    struct prom_counter top[COUNTERS];
    assert_int_equal(prom_summary_top(&summary, 0, top, COUNTERS), 1);
    assert_int_equal(top[0].key, 2);
    prom_summary_add(&summary, 1, 4);
    assert_true(prom_summary_get(&summary, 1) == 4);
    prom_summary_clear(&summary);
    assert_int_equal(prom_summary_top(&summary, 0, top, COUNTERS), 0);
    prom_summary_fini(&summary);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(its_bound_holds_against_an_exact_count),
                                       cmocka_unit_test(a_heavy_key_survives_a_flood),
                                       cmocka_unit_test(what_is_taken_out_begins_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
