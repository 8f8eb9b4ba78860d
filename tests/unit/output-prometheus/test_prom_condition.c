/* Conditions of metrics: what their texts mean, which records meet them, and which are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/output-prometheus/metric/condition.h"
#include "plugins/output-prometheus/metric/names.h"

#define VALUES_MAX 8

/* A condition on the values, which blanks separate. */
static int make(struct prom_condition *condition, bool is_number, const char *text, char *buffer,
                char why[PROM_WHY_MAX], const char **wrong)
{
    const char *values[VALUES_MAX];
    unsigned count = 0;
    strcpy(buffer, text);
    for (char *value = strtok(buffer, " "); value; value = strtok(NULL, " "))
        values[count++] = value;
    *condition = (struct prom_condition){.path = "field"};
    return prom_condition_init(condition, is_number, values, count, why, wrong);
}

static bool meets(bool is_number, const char *values, const struct fx_value *value)
{
    struct prom_condition condition;
    char buffer[256], why[PROM_WHY_MAX] = "";
    const char *wrong;
    if (make(&condition, is_number, values, buffer, why, &wrong))
        fail_msg("%s: %s", values, why);
    bool result = prom_condition_meets(&condition, value);
    prom_condition_fini(&condition);
    return result;
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *values;
        uint64_t number;
        bool meets;
    } cases[] = {
        {"15169", 15169, true},
        {"15169", 15168, false},
        {"64512-65534", 64512, true},
        {"64512-65534", 65534, true},
        {"64512-65534", 64511, false},
        {"64512-65534", 65535, false},
        {"!7", 7, false},
        {"!7", 8, true},
        {"1 2 10-20", 2, true},
        {"1 2 10-20", 15, true},
        {"1 2 10-20", 9, false},
        {"10-20 !15", 15, false},
        {"10-20 !15", 16, true},
        {"!1-5 !9", 4, false},
        {"!1-5 !9", 6, true},
        {"18446744073709551615", UINT64_MAX, true},
        {"0-18446744073709551615", 5, true},
        {"0", 0, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_value value = {.u = cases[i].number, .type = FX_UNSIGNED};
        char text[24];
        if (meets(true, cases[i].values, &value) != cases[i].meets)
            fail_msg("%s, %llu", cases[i].values, (unsigned long long)cases[i].number);
        int size = snprintf(text, sizeof text, "%llu", (unsigned long long)cases[i].number);
        struct fx_value as_text = {.text = text, .size = (uint32_t)size, .type = FX_TEXT};
        if (meets(false, cases[i].values, &as_text) != cases[i].meets)
            fail_msg("%s, text %s", cases[i].values, text);
    }
}

static void texts_and_addresses(void **state)
{
    (void)state;
    static const struct {
        const char *values, *text;
        bool meets;
    } cases[] = {
        {"tcp", "tcp", true},
        {"tcp", "tcpx", false},
        {"tcp 17", "17", true},
        {"!tcp", "udp", true},
        {"=10-20", "10-20", true},
        {"=10-20", "15", false},
        {"=!x", "!x", true},
        {"!=!x", "!x", false},
        {"80", "http", false},
        {"!80", "http", true},
        {"80", "080", true},
        {"80", "80.0", false},
        {"80", "", false},
        {"1", "18446744073709551617", false}, /* 2^64 + 1 is not 1 */
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "not an address", false},
        {"10.0.0.0/8", "10.0.0.1x", false},
        {"0.0.0.0/0", "::1", false},
        {"0.0.0.0/0", "1.2.3.4", true},
        {"::/0", "1.2.3.4", false},
        {"::/0", "1::", true},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.8", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.129", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"2001:DB8::1", "2001:db8:0:0:0:0:0:1", true},
        {"10.0.0.0/8 !10.1.0.0/16", "10.1.0.1", false},
        {"10.0.0.0/8 !10.1.0.0/16", "10.2.0.1", true},
        {"ge-0/0/1", "ge-0/0/1", true},
        {"1/0/3", "1/0/3", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_value value = {.text = cases[i].text, .size = (uint32_t)strlen(cases[i].text), .type = FX_TEXT};
        if (meets(false, cases[i].values, &value) != cases[i].meets)
            fail_msg("%s, %s", cases[i].values, cases[i].text);
    }
    struct fx_value with_nul = {.text = "10.0.0.1\0x", .size = 10, .type = FX_TEXT};
    assert_false(meets(false, "10.0.0.0/8", &with_nul));
}

static void what_is_absent(void **state)
{
    (void)state;
    const struct fx_value absent = {.type = FX_NULL};
    assert_true(meets(true, "0", &absent)); /* an absent number is 0 */
    assert_true(meets(true, "0-5 7", &absent));
    assert_true(meets(true, "!7", &absent));
    assert_false(meets(true, "!0", &absent));
    assert_false(meets(false, "0", &absent)); /* any other absent value meets nothing */
    assert_false(meets(false, "!0", &absent));
    assert_false(meets(false, "!tcp", &absent));
    assert_false(meets(false, "!10.0.0.0/8", &absent));
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *values, *wrong, *why;
        bool is_number;
    } cases[] = {
        {"7 5-3", "5-3", "ends before it begins", true},
        {"5-3", "5-3", "ends before it begins", false},
        {"18446744073709551616", "18446744073709551616", "64 bits", true},
        {"x", "x", "not a whole number", true},
        {"10.0.0.0/8", "10.0.0.0/8", "not a whole number", true},
        {"10.0.0.0/33", "10.0.0.0/33", "too many bits", false},
        {"10.0.0/8", "10.0.0/8", "not an address", false},
        {"10.0.0.1/8", "10.0.0.1/8", "after its prefix", false},
        {"::/129", "::/129", "too many bits", false},
        {"::ffff:1.2.3.4/95", "::ffff:1.2.3.4/95", "wider than IPv4", false},
        {"10.0.0.0/8 5", "5", "another kind", false},
        {"10.0.0.0/8 x", "10.0.0.0/8", "another kind", false},
        {"1-2 x", "1-2", "another kind", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prom_condition condition;
        char buffer[256], why[PROM_WHY_MAX] = "";
        const char *wrong;
        assert_int_equal(make(&condition, cases[i].is_number, cases[i].values, buffer, why, &wrong), FX_EINVAL);
        if (strcmp(wrong, cases[i].wrong) != 0 || !strstr(why, cases[i].why))
            fail_msg("%s: %s %s", cases[i].values, wrong, why);
        prom_condition_fini(&condition);
    }
}

static void one_meaning_has_one_definition(void **state)
{
    (void)state;
    static const struct {
        const char *values, *definition;
        bool is_number;
    } cases[] = {
        {"15169", "field=15169", true},         {"015169", "field=15169", true},
        {"5-5 !7-9", "field=5,!7-9", true},     {"10.0.0.0/8", "field=10.0.0.0/8", false},
        {"1.2.3.4", "field=1.2.3.4/32", false}, {"::FFFF:1.2.3.4", "field=1.2.3.4/32", false},
        {"tcp 6", "field=\"tcp,\"6", false},    {"a\nb=", "field=\"a%0ab%3d", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct prom_condition condition;
        struct prom_buffer to = {0};
        char buffer[256], why[PROM_WHY_MAX] = "";
        const char *wrong;
        assert_int_equal(make(&condition, cases[i].is_number, cases[i].values, buffer, why, &wrong), 0);
        prom_condition_define(&condition, &to);
        prom_buffer_add(&to, "", 1);
        assert_string_equal(to.data, cases[i].definition);
        prom_buffer_fini(&to);
        prom_condition_fini(&condition);
    }
}

/* Names stand for families of OpenMetrics, and for lines of both formats. */
static void names_clash_by_what_they_stand_for(void **state)
{
    (void)state;
    static const struct {
        const char *one;
        enum fx_metric_kind kind_one;
        const char *other;
        enum fx_metric_kind kind_other;
        const char *clash; /* NULL: none */
    } cases[] = {{"x_total", FX_COUNTER, "y_total", FX_COUNTER, NULL},
                 {"x_total", FX_COUNTER, "x", FX_GAUGE, "x"},
                 {"x_total", FX_COUNTER, "x", FX_HISTOGRAM, "x"},
                 {"x_total", FX_COUNTER, "x_created_total", FX_COUNTER, "x_created"},
                 {"x", FX_HISTOGRAM, "x_bucket_total", FX_COUNTER, "x_bucket"},
                 {"x", FX_HISTOGRAM, "x_sum_total", FX_COUNTER, "x_sum"},
                 {"x", FX_HISTOGRAM, "x_count_total", FX_COUNTER, "x_count"},
                 {"x", FX_HISTOGRAM, "x_y", FX_GAUGE, NULL},
                 {"x", FX_GAUGE, "x_sum_total", FX_COUNTER, NULL},
                 {"x", FX_GAUGE, "xx", FX_GAUGE, NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int order = 0; order < 2; order++) {
            char clash[PROM_CLASH_MAX] = "";
            bool is_clash = order ? prom_metric_names_clash(cases[i].one, cases[i].kind_one, cases[i].other,
                                                            cases[i].kind_other, clash)
                                  : prom_metric_names_clash(cases[i].other, cases[i].kind_other, cases[i].one,
                                                            cases[i].kind_one, clash);
            assert_int_equal(is_clash, cases[i].clash != NULL);
            assert_string_equal(clash, cases[i].clash ? cases[i].clash : "");
        }
    }
}

static void names_of_metrics_and_labels(void **state)
{
    (void)state;
    static const char *const paths[] = {"a", "a.b", "a\\.b", "a\\.", "\\\\", "\\..a", "a\\\\.b"};
    static const char *const bad_paths[] = {"", ".", "a.", ".a", "a..b", "a\\", "a\\b", "a\\\\."};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_null(prom_path_fault(paths[i]));
    for (size_t i = 0; i < sizeof bad_paths / sizeof *bad_paths; i++)
        assert_non_null(prom_path_fault(bad_paths[i]));
    static const char *const good[] = {"flow_x_total", "a:b_total", "_x9_total"};
    static const char *const bad[] = {
        "",        "9x_total", "a-b_total", "flow_x", "_total", "flow_exporter_x_total", "process_x_total",
        "ä_total", "x_total "};
    static const char *const bad_labels[] = {"", "9", "a-b", "a:b", "__x", "le", "quantile", "a b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_null(prom_metric_name_fault(good[i], FX_COUNTER));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_non_null(prom_metric_name_fault(bad[i], FX_COUNTER));
    for (size_t i = 0; i < sizeof bad_labels / sizeof *bad_labels; i++)
        assert_non_null(prom_label_name_fault(bad_labels[i]));
    assert_null(prom_label_name_fault("_a9"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(texts_and_addresses),
        cmocka_unit_test(what_is_absent),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(one_meaning_has_one_definition),
        cmocka_unit_test(names_clash_by_what_they_stand_for),
        cmocka_unit_test(names_of_metrics_and_labels),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
