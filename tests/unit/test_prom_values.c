/* What output-prometheus counts and shows: sums, the series 'other', names that come late, cuts and rollbacks. */
#include "prom_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SERIES(metric, dst, dst_name, host, src, src_name)                                                             \
    "flow_" metric "_bytes_total{destination_as=\"" dst "\",destination_as_name=\"" dst_name "\",hostname=\"" host     \
    "\",source_as=\"" src "\",source_as_name=\"" src_name "\"}"

static void counts_by_direction(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    prom_fixture_write(&f, 0, 100, 7, "r1", 5, NULL, NULL);
    prom_fixture_write(&f, 1, 100, 7, "r1", 6, NULL, NULL);   /* the same series by another worker */
    prom_fixture_write(&f, 0, 100, 100, "r1", 1, NULL, NULL); /* from us to us: transmitted only */
    prom_fixture_write(&f, 0, 1, 100, NULL, 9, NULL, NULL);
    prom_fixture_write(&f, 0, 1, 123, "r1", 1000, NULL, NULL); /* not ours */
    /* AS 1 + 23 is not AS 12 + 3. */
    prom_fixture_write(&f, 0, 100, 1, "23", 2, NULL, NULL);
    prom_fixture_write(&f, 0, 100, 12, "3", 3, NULL, NULL);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "", "r1", "100", "")), 11);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "100", "", "r1", "100", "")), 1);
    assert_int_equal(prom_fixture_value(page, SERIES("receive", "100", "", "", "1", "")), 9);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "", "23", "100", "")), 2);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "12", "", "3", "100", "")), 3);
    assert_null(strstr(page, "\"123\""));
    assert_non_null(strstr(page, "# HELP flow_transmit_bytes_total Bytes transferred.\n"
                                 "# TYPE flow_transmit_bytes_total counter\n"));
    free(page);
    prom_fixture_fini(&f);
}

static uint64_t sum_of(const char *page)
{
    uint64_t sum = 0;
    for (const char *line = page; *line; line = strchr(line, '\n') + 1)
        if (*line != '#')
            sum += strtoull(strrchr(strndupa(line, strcspn(line, "\n")), ' '), NULL, 10);
    return sum;
}

static void sums_stay_exact_beyond_the_limit(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        prom_fixture_write(&f, i % 2, 100, i % 50, "r", i, NULL, NULL);
        sum += i;
    }
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_true(prom_fixture_value(page, SERIES("transmit", "other", "other", "other", "other", "other")) > 0);
    assert_int_equal(sum_of(page), sum);
    free(page);
    prom_fixture_fini(&f);
}

static void nothing_is_shown_before_the_commit(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, NULL);
    char *page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    prom_fixture_cut(&f);
    page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    prom_fixture_write(&f, 0, 100, 7, "r", 100, NULL, NULL); /* after the cut: not of this page */
    prom_committed(f.output, f.number);
    page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "", "r", "100", "")), 5);
    free(page);
    prom_fixture_fini(&f);
}

static void late_names_hold_a_series_back(void **state)
{
    (void)state;
    struct prom_fixture f;
    struct fx_cell *cell = fx_cell_new();
    prom_fixture_init(&f, 10, 3600000);
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, cell);
    prom_fixture_checkpoint(&f);
    char *page = prom_fixture_page(&f, 4096);
    assert_string_equal(page, "");
    free(page);
    prom_fixture_write(&f, 1, 100, 7, "r", 6, NULL, cell);
    assert_int_equal(fx_cell_set(cell, FX_CELL_KNOWN, "A \"name\"", 8), 0);
    prom_fixture_checkpoint(&f);
    page = prom_fixture_page(&f, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "7", "A \\\"name\\\"", "r", "100", "")), 11);
    free(page);
    assert_int_equal(fx_cell_set(cell, FX_CELL_KNOWN, "changed", 7), 0); /* what was shown once stays */
    prom_fixture_checkpoint(&f);
    page = prom_fixture_page(&f, 4096);
    assert_null(strstr(page, "changed"));
    free(page);
    prom_fixture_fini(&f);
    assert_false(fx_cell_is_shared(cell));
    fx_cell_unref(cell);
}

/* Random writes, checkpoints and rollbacks by two workers against plain sums. */
static void follows_a_model(void **state)
{
    (void)state;
    enum { KEYS = 40, STEPS = 20000 };
    unsigned seed = 4711;
    uint64_t now[KEYS] = {0}, committed[KEYS] = {0};
    struct prom_fixture f;
    prom_fixture_init(&f, 1000, 0);
    print_message("seed %u\n", seed);
    for (int step = 0; step < STEPS; step++) {
        int what = rand_r(&seed) % 1000;
        if (what < 990) {
            unsigned key = (unsigned)rand_r(&seed) % KEYS, bytes = (unsigned)rand_r(&seed);
            prom_fixture_write(&f, (unsigned)rand_r(&seed) % 2, 100, 1000 + key, "r", bytes, NULL, NULL);
            now[key] += bytes;
        } else if (what < 997) {
            prom_fixture_checkpoint(&f);
            memcpy(committed, now, sizeof now);
        } else {
            if (what == 998)
                prom_fixture_cut(&f); /* cut, but never committed */
            prom_rolled_back(f.output, 0);
            memcpy(now, committed, sizeof now);
        }
        if (what < 990)
            continue;
        char *page = prom_fixture_page(&f, 4096), line[200];
        for (unsigned key = 0; key < KEYS; key++) {
            snprintf(line, sizeof line, SERIES("transmit", "%u", "", "r", "100", ""), 1000 + key);
            assert_int_equal(prom_fixture_value(page, line), committed[key]);
        }
        free(page);
    }
    prom_fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_by_direction),
        cmocka_unit_test(sums_stay_exact_beyond_the_limit),
        cmocka_unit_test(nothing_is_shown_before_the_commit),
        cmocka_unit_test(late_names_hold_a_series_back),
        cmocka_unit_test(follows_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
