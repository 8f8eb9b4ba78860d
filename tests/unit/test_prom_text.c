/* The text format: numbers, escapes, and pages that are the same in pieces of any size. */
#include "prom_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/output-prometheus/render.h"
#include "plugins/output-prometheus/self.h"

static void check_number(uint64_t number)
{
    char ours[PROM_NUMBER_MAX + 1], theirs[32];
    ours[prom_line_number(ours, number)] = '\0';
    snprintf(theirs, sizeof theirs, "%" PRIu64, number);
    assert_string_equal(ours, theirs);
}

static void numbers_are_exact(void **state)
{
    (void)state;
    for (uint64_t power = 1; power; power = power > UINT64_MAX / 10 ? 0 : power * 10) {
        check_number(power - 1);
        check_number(power);
        check_number(power + 1);
    }
    check_number((UINT64_C(1) << 53) + 1);
    check_number(UINT64_MAX);
}

static void check_text(struct prom_buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->size, strlen(expected));
    assert_memory_equal(buffer->data, expected, buffer->size);
    prom_buffer_fini(buffer);
}

static void escapes_are_those_of_the_format(void **state)
{
    (void)state;
    struct prom_buffer buffer = {0};
    prom_render_escaped(&buffer, "a\\\"\nb\tc", 7);
    check_text(&buffer, "a\\\\\\\"\\nb\tc");
    prom_render_head(&buffer, "x_total", "A \"help\" \\ of\ntwo lines.", "counter");
    check_text(&buffer, "# HELP x_total A \"help\" \\\\ of\\ntwo lines.\n# TYPE x_total counter\n");
}

static void own_metrics_have_one_head_a_name(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    fx_metric_add(&f.instance, PROM_REQUESTS, PROM_REQUEST_HEALTH, 3);
    fx_metric_set(&f.instance, PROM_SERIES, 0, -1);
    struct prom_buffer buffer = {0};
    prom_self_print(&f.instance, &buffer);
    prom_buffer_add(&buffer, "", 1);
    assert_non_null(strstr(buffer.data, "# HELP flow_exporter_series s\n# TYPE flow_exporter_series gauge\n"
                                        "flow_exporter_series{plugin=\"out\"} -1\n"));
    const char *requests = "# HELP flow_exporter_requests r\n# TYPE flow_exporter_requests counter\n"
                           "flow_exporter_requests{plugin=\"out\",answer=\"metrics\"} 0\n"
                           "flow_exporter_requests{plugin=\"out\",answer=\"healthy\"} 3\n";
    assert_non_null(strstr(buffer.data, requests));
    prom_buffer_fini(&buffer);
    prom_fixture_fini(&f);
}

static void histograms_have_buckets_sum_and_count(void **state)
{
    (void)state;
    static const double bounds[] = {0.005, 1};
    static const char *const steps[] = {"cut", NULL};
    static const struct fx_metric table[] = {{.name = "step_seconds",
                                              .kind = FX_HISTOGRAM,
                                              .help = "s",
                                              .label = "step",
                                              .values = steps,
                                              FX_BOUNDS(bounds)},
                                             {.name = NULL}};
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    struct fxi_metric_set *set = fxi_metrics_add_set(f.pipeline.metrics, NULL, table);
    fxi_metric_set_observe(set, 0, 0, 0.001);
    fxi_metric_set_observe(set, 0, 0, 0.125);
    fxi_metric_set_observe(set, 0, 0, 3);
    struct prom_buffer buffer = {0};
    prom_self_print(&f.instance, &buffer);
    prom_buffer_add(&buffer, "", 1);
    const char *expected = "# HELP flow_exporter_step_seconds s\n# TYPE flow_exporter_step_seconds histogram\n"
                           "flow_exporter_step_seconds_bucket{step=\"cut\",le=\"0.005\"} 1\n"
                           "flow_exporter_step_seconds_bucket{step=\"cut\",le=\"1\"} 2\n"
                           "flow_exporter_step_seconds_bucket{step=\"cut\",le=\"+Inf\"} 3\n"
                           "flow_exporter_step_seconds_sum{step=\"cut\"} 3.126\n"
                           "flow_exporter_step_seconds_count{step=\"cut\"} 3\n";
    assert_non_null(strstr(buffer.data, expected));
    prom_buffer_fini(&buffer);
    prom_fixture_fini(&f);
}

static void any_piece_gives_the_same_page(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    for (uint64_t i = 0; i < 30; i++) {
        prom_fixture_write(&f, 0, 100, i, "a label with \"quotes\"", i * 1000000007, NULL, NULL);
        prom_fixture_write(&f, 1, i, 100, "r\\2", i + 1, NULL, NULL);
    }
    prom_fixture_checkpoint(&f);
    char *whole = prom_fixture_page(&f, 1 << 20);
    assert_non_null(strstr(whole, "hostname=\"a label with \\\"quotes\\\"\""));
    for (size_t piece = 1; piece < 400; piece += piece < 20 ? 1 : 37) {
        char *page = prom_fixture_page(&f, piece);
        assert_string_equal(page, whole);
        free(page);
    }
    free(whole);
    prom_fixture_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(escapes_are_those_of_the_format),
        cmocka_unit_test(own_metrics_have_one_head_a_name),
        cmocka_unit_test(histograms_have_buckets_sum_and_count),
        cmocka_unit_test(any_piece_gives_the_same_page),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
