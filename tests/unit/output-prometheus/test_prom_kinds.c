/*
 * Metrics other than plain counters: gauges, whose last record may be any worker's, histograms, and factors. The tests
 * look at what is cut, given back, kept over a restart, and ended, and at numbers with a factor, to the last digit.
 */
#include "prom_program.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UNTIL_IDLE_MS 1

/* The fields in the order of their claims. */
enum { VALUE, TO, RATE, ROW_FIELDS };

static const char *const bounds[] = {"0", "10", "99.5"};
static const struct fx_pair to_label[] = {{"to", "as_dst"}};

#define ROW(name_, type_, ...)                                                                                         \
    {                                                                                                                  \
        .name = name_, .help = "H.", .type = type_, .value = "bytes", .labels = {1, to_label}, __VA_ARGS__             \
    }

static const struct prom_metric_options rows[] = {
    ROW("flow_last", PROM_GAUGE, .factor = 1), ROW("flow_eighth", PROM_GAUGE, .factor = 0.125),
    ROW("flow_size", PROM_HISTOGRAM, .factor = 1, .buckets = {3, bounds}),
    ROW("flow_scaled", PROM_HISTOGRAM, .factor = 0.1, .buckets = {3, bounds}, .scale_by = "sampling_rate"),
    ROW("flow_bits_total", PROM_COUNTER, .factor = 8)};

static void begin(struct prom_program *program)
{
    prom_fixture_metrics = (struct fx_tables){sizeof rows / sizeof *rows, rows};
    prom_program_begin(program);
}

static void end(struct prom_program *program)
{
    prom_program_end(program);
    prom_fixture_metrics = (struct fx_tables){0};
}

static void write_one(struct prom_program *program, unsigned worker, uint64_t to, uint64_t value, uint64_t rate)
{
    struct fx_value row[ROW_FIELDS] = {[VALUE] = {.u = value, .type = FX_UNSIGNED},
                                       [TO] = {.u = to, .type = FX_UNSIGNED},
                                       [RATE] = {.u = rate, .type = FX_UNSIGNED}};
    struct fx_batch batch = {.values = row, .rows = 1, .width = ROW_FIELDS};
    assert_int_equal(prom_write(program->fixture.output, program->fixture.workers[worker], &batch), FX_OK);
}

static void expect_lines(struct prom_program *program, const char *const *lines)
{
    for (size_t piece = 7; piece < 10000; piece *= 36) {
        char *page = prom_fixture_page(&program->fixture, piece);
        for (const char *const *line = lines; *line; line++)
            if (!strstr(page, *line))
                fail_msg("no '%s' in\n%s", *line, page);
        free(page);
    }
}
#define EXPECT(program, ...) expect_lines(program, (const char *const[]){__VA_ARGS__, NULL})

static void expect_none(struct prom_program *program, const char *text)
{
    char *page = prom_fixture_page(&program->fixture, 4096);
    if (strstr(page, text))
        fail_msg("'%s' in\n%s", text, page);
    free(page);
}

static void a_gauge_is_the_last_record_of_any_worker(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    write_one(&program, 0, 1, 30, 1);
    write_one(&program, 1, 1, 20, 1);
    write_one(&program, 0, 2, 5, 1);
    prom_program_checkpoint(&program);
    EXPECT(&program, "# TYPE flow_last gauge\nflow_last{to=\"1\"} 20\nflow_last{to=\"2\"} 5\n",
           "flow_eighth{to=\"1\"} 2.5\nflow_eighth{to=\"2\"} 0.625\n");
    write_one(&program, 1, 2, 7, 1);
    write_one(&program, 0, 1, 0, 1); /* zero is a value, too */
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_last{to=\"1\"} 0\nflow_last{to=\"2\"} 7\n");
    end(&program);
}

static void what_is_not_committed_was_not_last(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    for (unsigned i = 0; i < 100; i++)
        write_one(&program, 1, 1, 30, 1); /* this worker has the later batches */
    prom_program_checkpoint(&program);
    write_one(&program, 1, 1, 40, 1);
    prom_program_prepare(&program, NULL);
    expect_none(&program, "} 40\n");
    prom_rolled_back(program.fixture.output, program.fixture.number);
    EXPECT(&program, "flow_last{to=\"1\"} 30\n", "flow_size_count{to=\"1\"} 100\n");
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_last{to=\"1\"} 30\n", "flow_size_count{to=\"1\"} 100\n");
    write_one(&program, 0, 1, 50, 1);
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_last{to=\"1\"} 50\n", "flow_size_sum{to=\"1\"} 3050\n");
    end(&program);
}

static void all_of_it_outlives_a_restart(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    for (uint64_t to = 0; to < 300; to++)
        for (unsigned i = 0; i < 5; i++)
            write_one(&program, i % 2, to, i * to, i);
    prom_program_checkpoint(&program);
    char *before = prom_fixture_page(&program.fixture, 4096);
    write_one(&program, 0, 1, 999, 1); /* lost by the restart */
    prom_program_restart(&program, true);
    char *after = prom_fixture_page(&program.fixture, 4096);
    assert_string_equal(before, after);
    free(before);
    free(after);
    write_one(&program, 1, 1, 12, 1); /* later than the kept value, though this is the program's first batch */
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_last{to=\"1\"} 12\n", "flow_size_count{to=\"1\"} 6\n", "flow_size_sum{to=\"1\"} 22\n");
    prom_program_restart(&program, true);
    EXPECT(&program, "flow_last{to=\"1\"} 12\n", "flow_size_bucket{to=\"1\",le=\"10.0\"} 5\n");
    end(&program);
}

static void a_histogram_counts_each_record_once(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    static const uint64_t values[] = {0, 1, 10, 11, 99, 100, 1000, 995, 996};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        write_one(&program, i % 2, 1, values[i], 1 + (i == 1));
    prom_program_checkpoint(&program);
    EXPECT(&program,
           "# TYPE flow_size histogram\n"
           "flow_size_bucket{to=\"1\",le=\"0.0\"} 1\n"
           "flow_size_bucket{to=\"1\",le=\"10.0\"} 3\n"
           "flow_size_bucket{to=\"1\",le=\"99.5\"} 5\n"
           "flow_size_bucket{to=\"1\",le=\"+Inf\"} 9\n"
           "flow_size_sum{to=\"1\"} 3212\n"
           "flow_size_count{to=\"1\"} 9\n",
           /* The metric shows a tenth of each value. One record counts twice. */
           "flow_scaled_bucket{to=\"1\",le=\"0.0\"} 1\n"
           "flow_scaled_bucket{to=\"1\",le=\"10.0\"} 7\n"
           "flow_scaled_bucket{to=\"1\",le=\"99.5\"} 8\n"
           "flow_scaled_bucket{to=\"1\",le=\"+Inf\"} 10\n"
           "flow_scaled_sum{to=\"1\"} 321.3\n"
           "flow_scaled_count{to=\"1\"} 10\n",
           "flow_bits_total{to=\"1\"} 25696\n");
    write_one(&program, 0, 1, UINT64_MAX, UINT64_MAX);
    write_one(&program, 0, 1, 5, UINT64_MAX);
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_bits_total{to=\"1\"} 147573952589676412920\n",
           "flow_size_sum{to=\"1\"} 18446744073709551615\n",
           "flow_scaled_bucket{to=\"1\",le=\"10.0\"} 18446744073709551615\n",
           "flow_scaled_bucket{to=\"1\",le=\"+Inf\"} 18446744073709551615\n",
           "flow_scaled_sum{to=\"1\"} 1844674407370955161.5\n", "flow_scaled_count{to=\"1\"} 18446744073709551615\n");
    end(&program);
}

static bool idle_series_are_gone(struct prom_program *program)
{
    prom_program_checkpoint(program);
    char *page = prom_fixture_page(&program->fixture, 4096);
    bool are_gone = !strstr(page, "{to=\"1\"") && !strstr(page, "{to=\"2\"");
    free(page);
    return are_gone;
}

/* Ended histograms add up in one histogram, over a restart as well. Ended gauges are gone. */
static void idle_ones_end(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    program.expire_after_ms = UNTIL_IDLE_MS;
    prom_program_restart(&program, true);
    write_one(&program, 0, 1, 5, 1);
    write_one(&program, 1, 1, 50, 1);
    write_one(&program, 1, 2, 500, 1);
    prom_program_checkpoint(&program);
    while (!idle_series_are_gone(&program))
        ;
    for (unsigned round = 0; round < 2; round++) {
        EXPECT(&program, "flow_size_bucket{to=\"other\",ended=\"2", "flow_size_sum{to=\"other\",ended=\"2");
        char *page = prom_fixture_page(&program.fixture, 4096);
        static const char *const ends[] = {",le=\"0.0\"} 0\n",  ",le=\"10.0\"} 1\n", ",le=\"99.5\"} 2\n",
                                           ",le=\"+Inf\"} 3\n", "Z\"} 555\n",        "Z\"} 3\n",
                                           "Z\"} 55.5\n",       "Z\"} 4440\n"};
        for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
            if (!strstr(page, ends[i]))
                fail_msg("no '%s' in\n%s", ends[i], page);
        assert_null(strstr(page, "flow_last"));
        assert_null(strstr(page, "flow_eighth"));
        free(page);
        prom_program_restart(&program, true);
    }
    write_one(&program, 0, 1, 7, 1);
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_size_sum{to=\"1\"} 7\n", "flow_last{to=\"1\"} 7\n", "Z\"} 555\n");
    end(&program);
}

/* The kept values of gauges and histograms follow their series. The values of a metric that was removed are skipped. */
static void other_metrics_stay_when_one_goes(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    write_one(&program, 0, 1, 5, 1);
    prom_program_checkpoint(&program);
    static const struct prom_metric_options fewer[] = {
        ROW("flow_size", PROM_HISTOGRAM, .factor = 1, .buckets = {2, bounds}), /* other buckets */
        ROW("flow_scaled", PROM_HISTOGRAM, .factor = 0.1, .buckets = {3, bounds}, .scale_by = "sampling_rate"),
        ROW("flow_last", PROM_GAUGE, .factor = 1)};
    prom_fixture_metrics = (struct fx_tables){sizeof fewer / sizeof *fewer, fewer};
    for (unsigned round = 0; round < 2; round++) {
        prom_program_restart(&program, true);
        EXPECT(&program, "flow_last{to=\"1\"} 5\n", "flow_scaled_sum{to=\"1\"} 0.5\n");
        expect_none(&program, "flow_size_sum{to=\"1\"} 5");
        prom_program_checkpoint(&program);
    }
    /* The metric comes back and begins at zero. */
    prom_fixture_metrics = (struct fx_tables){sizeof rows / sizeof *rows, rows};
    prom_program_restart(&program, true);
    EXPECT(&program, "flow_last{to=\"1\"} 5\n", "flow_scaled_sum{to=\"1\"} 0.5\n");
    expect_none(&program, "flow_size");
    write_one(&program, 0, 1, 5, 1);
    prom_program_checkpoint(&program);
    EXPECT(&program, "flow_size_count{to=\"1\"} 1\n", "flow_eighth{to=\"1\"} 0.625\n");
    end(&program);
}

/*
 * Two keys with one text are one line: an absent name and an unknown one. The later record counts, whichever key it
 * has.
 */
static void what_reads_the_same_is_one_line(void **state)
{
    (void)state;
    enum { OWN_VALUE, OWN_NAME, OWN_FIELDS };
    static const struct fx_pair by_name[] = {{"name", "as_dst_name"}};
    static const struct prom_metric_options named[] = {
        {.name = "flow_last", .help = "H.", .type = PROM_GAUGE, .value = "bytes", .factor = 1, .labels = {1, by_name}},
        {.name = "flow_size",
         .help = "H.",
         .type = PROM_HISTOGRAM,
         .value = "bytes",
         .factor = 1,
         .buckets = {3, bounds},
         .labels = {1, by_name}}};
    struct prom_program program;
    prom_fixture_metrics = (struct fx_tables){sizeof named / sizeof *named, named};
    prom_program_begin(&program);
    struct fx_cell *cell = fx_cell_new_keyed("9", 1);
    assert_int_equal(fx_cell_set(cell, FX_CELL_UNKNOWN, "", 0), 0);
    for (unsigned round = 1; round <= 4; round++) {
        struct fx_value rows_of[2][OWN_FIELDS] = {0};
        for (unsigned i = 0; i < 2; i++) {
            rows_of[i][OWN_VALUE] = (struct fx_value){.u = 10 * round + i, .type = FX_UNSIGNED};
            if ((round + i) % 2)
                rows_of[i][OWN_NAME] = (struct fx_value){.cell = cell, .type = FX_LATE};
        }
        unsigned together = round > 2 ? 2 : 1; /* in one batch, or each in its own */
        for (unsigned i = 0; i < 2; i += together) {
            struct fx_batch batch = {.values = rows_of[i], .rows = together, .width = OWN_FIELDS};
            assert_int_equal(prom_write(program.fixture.output, program.fixture.workers[i], &batch), FX_OK);
        }
        char last[64], count[64];
        snprintf(last, sizeof last, "flow_last{name=\"\"} %u\n# ", 10 * round + 1);
        snprintf(count, sizeof count, "flow_size_count{name=\"\"} %u\n", 2 * round);
        prom_program_checkpoint(&program);
        EXPECT(&program, last, count, "flow_size_bucket{name=\"\",le=\"10.0\"} 1\n");
        if (round == 2)
            prom_program_restart(&program, true);
        EXPECT(&program, last, count, "flow_size_bucket{name=\"\",le=\"10.0\"} 1\n");
    }
    fx_cell_unref(cell);
    end(&program);
}

/* ---- The state of an older version, which kept no slots of ended series but the first */

#define OLD_PUTS 10 /* of each of two default metrics: two for its values, three for ended series */

static unsigned puts_left = UINT32_MAX;

/* The linker puts this in place of fx_state_put. */
int __real_fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
int __wrap_fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
int __wrap_fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size)
{
    if (puts_left == 0)
        return 0;
    puts_left -= puts_left != UINT32_MAX;
    return __real_fx_state_put(checkpoint, data, size);
}

static void the_state_of_an_older_version_is_read(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    puts_left = OLD_PUTS;
    prom_program_checkpoint(&program);
    assert_int_equal(puts_left, 0);
    puts_left = UINT32_MAX;
    char *before = prom_fixture_page(&program.fixture, 4096);
    for (unsigned round = 0; round < 2; round++) {
        prom_program_restart(&program, true);
        char *after = prom_fixture_page(&program.fixture, 4096);
        assert_string_equal(before, after);
        free(after);
        prom_program_checkpoint(&program); /* written by this version now */
    }
    free(before);
    prom_program_end(&program);
}

static void print_product(double factor, uint64_t number, const char *expected)
{
    struct prom_factor made;
    char text[PROM_PRODUCT_MAX + 1];
    assert_true(prom_factor_init(&made, factor));
    size_t size = prom_factor_print(text, &made, number);
    assert_in_range(size, 1, PROM_PRODUCT_MAX);
    text[size] = '\0';
    assert_string_equal(text, expected);
}

static void products_are_exact(void **state)
{
    (void)state;
    print_product(1, UINT64_MAX, "18446744073709551615");
    print_product(8, UINT64_MAX, "147573952589676412920");
    print_product(1e12, UINT64_MAX, "18446744073709551615000000000000");
    print_product(999999999999.9, UINT64_MAX, "18446744073707706940592629044838.5");
    print_product(0.001, 663, "0.663");
    print_product(0.001, 1000, "1");
    print_product(0.001, UINT64_MAX, "18446744073709551.615");
    print_product(0.1, 3, "0.3");
    print_product(1.1, 0, "0");
    print_product(1e-12, UINT64_MAX, "18446744.073709551615");
    print_product(1.2345678901234567e-12, 1, "0.0000000000012345678901234567");
    struct prom_factor made;
    static const double bad[] = {0, -1, 0.9e-12, 1.1e12, DBL_MAX};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(prom_factor_init(&made, bad[i]));
}

static void bounds_are_held_against_products(void **state)
{
    (void)state;
    static const struct {
        double factor, bound;
        uint64_t most;
    } cases[] = {{1, 0, 0},
                 {1, 0.9, 0},
                 {1, 1500, 1500},
                 {1, 99.5, 99},
                 {8, 63, 7},
                 {8, 64, 8},
                 {0.1, 0.3, 3}, /* although 3 * 0.1 > 0.3 in doubles */
                 {0.001, 1e19, UINT64_MAX},
                 {1, 18446744073709550000.0, 18446744073709550000U} /* the label says the same */,
                 {1, 18446744073709551616.0, UINT64_MAX},
                 {1e-12, DBL_MAX, UINT64_MAX},
                 {1e12, 5e-324, 0},
                 {1e-12, 1e-12, 1},
                 {1e-12, 9e-13, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prom_factor factor;
        assert_true(prom_factor_init(&factor, cases[i].factor));
        if (prom_factor_most(&factor, cases[i].bound) != cases[i].most)
            fail_msg("%g, %g", cases[i].factor, cases[i].bound);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_gauge_is_the_last_record_of_any_worker),
        cmocka_unit_test(what_is_not_committed_was_not_last),
        cmocka_unit_test(all_of_it_outlives_a_restart),
        cmocka_unit_test(a_histogram_counts_each_record_once),
        cmocka_unit_test(idle_ones_end),
        cmocka_unit_test(other_metrics_stay_when_one_goes),
        cmocka_unit_test(what_reads_the_same_is_one_line),
        cmocka_unit_test(the_state_of_an_older_version_is_read),
        cmocka_unit_test(products_are_exact),
        cmocka_unit_test(bounds_are_held_against_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
