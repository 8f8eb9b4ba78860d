/* The text format: numbers, escapes, and pages that read the same in pieces of any size. */
#include "prom_fixture.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/output-prometheus/base/number.h"
#include "plugins/output-prometheus/series/render.h"
#include "plugins/output-prometheus/page/self.h"

static void check_number(uint64_t number)
{
    char ours[PROM_NUMBER_MAX + 1], theirs[32];
    ours[prom_number_whole(ours, number)] = '\0';
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
    prom_render_head(&buffer, PROM_TEXT, "x_total", "A \"help\" \\ of\ntwo lines.", FX_COUNTER);
    check_text(&buffer, "# HELP x_total A \"help\" \\\\ of\\ntwo lines.\n# TYPE x_total counter\n");
    prom_render_head(&buffer, PROM_OPENMETRICS, "x_total", "A \"help\" \\ of\ntwo lines.", FX_COUNTER);
    check_text(&buffer, "# HELP x A \\\"help\\\" \\\\ of\\ntwo lines.\n# TYPE x counter\n");
}

static void check_heads(const char *name, enum fx_metric_kind kind, const char *text, const char *open)
{
    struct prom_buffer buffer = {0};
    prom_render_head(&buffer, PROM_TEXT, name, "h", kind);
    check_text(&buffer, text);
    prom_render_head(&buffer, PROM_OPENMETRICS, name, "h", kind);
    check_text(&buffer, open);
}

static void families_of_openmetrics_have_units_and_types(void **state)
{
    (void)state;
    check_heads("x_bytes_total", FX_COUNTER, "# HELP x_bytes_total h\n# TYPE x_bytes_total counter\n",
                "# HELP x_bytes h\n# TYPE x_bytes counter\n# UNIT x_bytes bytes\n");
    check_heads("x_seconds", FX_HISTOGRAM, "# HELP x_seconds h\n# TYPE x_seconds histogram\n",
                "# HELP x_seconds h\n# TYPE x_seconds histogram\n# UNIT x_seconds seconds\n");
    check_heads("x_info", FX_GAUGE, "# HELP x_info h\n# TYPE x_info gauge\n", "# HELP x h\n# TYPE x info\n");
    check_heads("x_info", FX_COUNTER, "# HELP x_info h\n# TYPE x_info counter\n",
                "# HELP x_info h\n# TYPE x_info counter\n");
    check_heads("_total", FX_COUNTER, "# HELP _total h\n# TYPE _total counter\n",
                "# HELP _total h\n# TYPE _total counter\n");
}

static void check_double(double number, const char *value, const char *bound)
{
    char text[PROM_DOUBLE_MAX];
    prom_number_double(text, number);
    assert_string_equal(text, value);
    prom_number_bound(text, number);
    assert_string_equal(text, bound);
}

static void doubles_are_short_and_exact(void **state)
{
    (void)state;
    check_double(0, "0", "0.0");
    check_double(1, "1", "1.0");
    check_double(0.1, "0.1", "0.1");
    check_double(0.1 + 0.2, "0.30000000000000004", "0.30000000000000004");
    check_double(0.0025, "0.0025", "0.0025");
    check_double(1e-5, "1e-05", "1e-05");
    check_double(100000, "100000", "100000.0");
    check_double(1e6, "1000000", "1e+06");
    check_double(1234567.5, "1234567.5", "1.2345675e+06");
    check_double(HUGE_VAL, "+Inf", "+Inf");
    check_double(-HUGE_VAL, "-Inf", "-Inf");
    check_double(NAN, "NaN", "NaN");
    for (unsigned i = 0; i < 10000; i++) {
        char text[PROM_DOUBLE_MAX];
        double number = ldexp((double)rand() + (double)rand() / RAND_MAX, rand() % 200 - 100);
        prom_number_double(text, number);
        assert_true(strtod(text, NULL) == number);
        prom_number_bound(text, number);
        assert_true(strtod(text, NULL) == number);
    }
}

static void own_metrics_have_one_head_a_name(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    fx_metric_add(&f.instance, PROM_REQUESTS, PROM_REQUEST_HEALTH, 3);
    fx_metric_set(&f.instance, PROM_SERIES, 0, -1);
    struct prom_buffer buffer = {0};
    prom_self_print(&f.instance, PROM_TEXT, NULL, &buffer);
    prom_buffer_add(&buffer, "", 1);
    assert_non_null(strstr(buffer.data, "\n# TYPE flow_exporter_series gauge\n"
                                        "flow_exporter_series{plugin=\"out\"} -1\n"));
    const char *requests = "\n# TYPE flow_exporter_http_requests_total counter\n"
                           "flow_exporter_http_requests_total{plugin=\"out\",answer=\"metrics\"} 0\n"
                           "flow_exporter_http_requests_total{plugin=\"out\",answer=\"healthy\"} 3\n";
    assert_non_null(strstr(buffer.data, requests));
    const char *first = strstr(buffer.data, "# HELP flow_exporter_http_requests_total ");
    assert_non_null(first);
    assert_null(strstr(first + 1, "# HELP flow_exporter_http_requests_total "));
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
    struct fxi_metric_set *set = fxi_metrics_add_set(f.instance.all_metrics, NULL, table);
    fxi_metric_set_observe(set, 0, 0, 0.001);
    fxi_metric_set_observe(set, 0, 0, 0.125);
    fxi_metric_set_observe(set, 0, 0, 3);
    struct prom_buffer buffer = {0};
    prom_self_print(&f.instance, PROM_TEXT, NULL, &buffer);
    prom_buffer_add(&buffer, "", 1);
    const char *expected = "# HELP flow_exporter_step_seconds s\n# TYPE flow_exporter_step_seconds histogram\n"
                           "flow_exporter_step_seconds_bucket{step=\"cut\",le=\"0.005\"} 1\n"
                           "flow_exporter_step_seconds_bucket{step=\"cut\",le=\"1.0\"} 2\n"
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

static void own_metrics_in_openmetrics(void **state)
{
    (void)state;
    static const struct fx_metric table[] = {{.name = "oddities", .kind = FX_COUNTER, .help = "o"}, {.name = NULL}};
    struct prom_fixture f;
    prom_fixture_init(&f, 10, 0);
    fxi_metric_set_add(fxi_metrics_add_set(f.instance.all_metrics, NULL, table), 0, 0, 3);
    fx_metric_observe(&f.instance, PROM_SCRAPE_SECONDS, PROM_GZIP, 0.75);
    char *page = prom_fixture_view(&f, 100, PROM_OPENMETRICS, NULL);
    assert_non_null(strstr(page, "# TYPE flow_exporter_oddities counter\nflow_exporter_oddities_total 3\n"));
    assert_non_null(strstr(page, "# TYPE flow_exporter_scrape_seconds histogram\n"
                                 "# UNIT flow_exporter_scrape_seconds seconds\n"));
    assert_non_null(strstr(page, "_bucket{plugin=\"out\",encoding=\"gzip\",le=\"1.0\"} 1\n"));
    assert_string_equal(page + strlen(page) - 6, "# EOF\n");
    free(page);
    prom_fixture_fini(&f);
}

static void check_created(struct prom_fixture *f, const char *page)
{
    const char *label = "{destination_as=\"7\",destination_as_name=\"\",hostname=\"r\",source_as=\"100\","
                        "source_as_name=\"\"} ";
    const char *value = strstr(page, "\nflow_transmit_bytes_total{"), *end = strchr(value + 1, '\n');
    assert_memory_equal(end, "\nflow_transmit_bytes_created{", strlen("\nflow_transmit_bytes_created{"));
    const char *at = strchr(end + 1, '{');
    assert_memory_equal(at, label, strlen(label));
    double created = strtod(at + strlen(label), NULL);
    double expected = (double)prom_series_created(&f->output->store.families[1].registry, 1) / 1000;
    if (fabs(created - expected) > 0.0005)
        fail_msg("%f, not %f", created, expected);
}

static void created_is_beside_each_value_of_openmetrics(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    f.options.created = true;
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&f);
    char *whole = prom_fixture_view(&f, 1 << 20, PROM_OPENMETRICS, NULL);
    char *text = prom_fixture_view(&f, 1 << 20, PROM_TEXT, NULL);
    check_created(&f, whole);
    assert_null(strstr(text, "_bytes_created"));
    for (size_t piece = 1; piece < 600; piece += piece < 20 ? 1 : 37) {
        char *page = prom_fixture_view(&f, piece, PROM_OPENMETRICS, NULL);
        assert_string_equal(page, whole);
        free(page);
    }
    free(whole);
    free(text);
    prom_fixture_fini(&f);
}

/* The lines of a page that is requested with one name. */
static void check_filtered(struct prom_fixture *f, const char *name, enum prom_format format, const char *has,
                           const char *has_not)
{
    struct prom_filter *filter = calloc(1, sizeof *filter);
    assert_true(prom_filter_add(filter, "nothing_is_called_so", 20));
    assert_true(prom_filter_add(filter, name, strlen(name)));
    char *page = prom_fixture_view(f, 1000, format, filter);
    if (has && !strstr(page, has))
        fail_msg("%s: '%s' is missing in\n%s", name, has, page);
    if (strstr(page, has_not))
        fail_msg("%s: '%s' should not be in\n%s", name, has_not, page);
    free(page);
    prom_filter_free(filter);
}

static void names_that_are_asked_for(void **state)
{
    (void)state;
    struct prom_fixture f;
    prom_fixture_init(&f, 100, 0);
    f.options.created = true;
    prom_fixture_write(&f, 0, 100, 7, "r", 5, NULL, NULL);
    prom_fixture_write(&f, 0, 7, 100, "r", 5, NULL, NULL);
    prom_fixture_checkpoint(&f);
    fx_metric_observe(&f.instance, PROM_SCRAPE_SECONDS, PROM_GZIP, 0.75);
    check_filtered(&f, "flow_transmit_bytes_total", PROM_TEXT, "\nflow_transmit_bytes_total{", "flow_receive");
    check_filtered(&f, "flow_transmit_bytes", PROM_TEXT, "\nflow_transmit_bytes_total{", "flow_exporter");
    check_filtered(&f, "flow_transmit_bytes", PROM_OPENMETRICS, "\nflow_transmit_bytes_created{", "flow_receive");
    check_filtered(&f, "flow_transmit_bytes_created", PROM_OPENMETRICS, "\nflow_transmit_bytes_created{", "_total{");
    check_filtered(&f, "flow_transmit_bytes_created", PROM_TEXT, NULL, "flow");
    check_filtered(&f, "flow_transmit", PROM_OPENMETRICS, "# EOF\n", "flow");
    check_filtered(&f, "flow_exporter_scrape_seconds_sum", PROM_TEXT, "\nflow_exporter_scrape_seconds_sum{", "_bucket");
    check_filtered(&f, "flow_exporter_scrape_seconds", PROM_TEXT, "\nflow_exporter_scrape_seconds_bucket{", "series");
    check_filtered(&f, "flow_exporter_series", PROM_OPENMETRICS, "\nflow_exporter_series{", "flow_transmit");
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
        cmocka_unit_test(families_of_openmetrics_have_units_and_types),
        cmocka_unit_test(doubles_are_short_and_exact),
        cmocka_unit_test(own_metrics_in_openmetrics),
        cmocka_unit_test(created_is_beside_each_value_of_openmetrics),
        cmocka_unit_test(names_that_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
