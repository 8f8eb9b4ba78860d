/* The generator of sample flows: the same seed gives the same flows, they are as announced, and every AS has a name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <json.h>

#include "tests/tools/flows.h"

#define ASN 64500

static struct flows *new_flows(const struct flows_options *options)
{
    const char *why = NULL;
    struct flows *flows = flows_new(options, &why);
    assert_non_null(flows);
    return flows;
}

static struct flows_text make(const struct flows_options *options, unsigned lines)
{
    struct flows_text text = {0};
    struct flows *flows = new_flows(options);
    for (unsigned i = 0; i < lines; i++)
        flows_next(flows, &text);
    flows_free(flows);
    return text;
}

static const struct flows_options kinds[] = {
    {.seed = 1, .asn = ASN, .as_count = 100, .routers = 4},
    {.seed = 1, .asn = ASN, .as_count = 100, .routers = 4, .mixed = true, .spread = true, .skip_series = true},
    {.seed = 1, .asn = ASN, .as_count = 100, .routers = 64, .format = FLOWS_GOFLOW2, .draw = FLOWS_UNIFORM},
    {.seed = 1, .asn = ASN, .as_count = 100, .routers = 4, .label_maps = true, .malformed = 0.1},
};
#define KIND_COUNT (sizeof kinds / sizeof *kinds)

static void test_same_seed(void **state)
{
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct flows_options other = kinds[i];
        other.seed = 2;
        struct flows_text a = make(&kinds[i], 3000), b = make(&kinds[i], 3000), c = make(&other, 3000);
        assert_int_equal(a.size, b.size);
        assert_memory_equal(a.data, b.data, a.size);
        assert_false(a.size == c.size && memcmp(a.data, c.data, a.size) == 0);
        free(a.data);
        free(b.data);
        free(c.data);
    }
}

static uint64_t number_of(struct json_object *record, const char *name)
{
    struct json_object *value = json_object_object_get(record, name);
    assert_true(json_object_is_type(value, json_type_int));
    return json_object_get_uint64(value);
}

/* Compares a line with what the generator says about it. */
static void check_line(const struct flows *flows, const char *line)
{
    struct json_object *record = json_tokener_parse(line);
    assert_non_null(record);
    const struct flow *flow = flows_last(flows);
    assert_int_equal(number_of(record, "as_src"), flow->as_src);
    assert_int_equal(number_of(record, "as_dst"), flow->as_dst);
    assert_int_equal(number_of(record, "bytes"), flow->bytes);
    char label[64];
    snprintf(label, sizeof label, "border-%u.example.net", flow->router + 1);
    assert_string_equal(json_object_get_string(json_object_object_get(record, "label")), label);
    assert_int_equal(flows_last_is_counted(flows), flow->as_src == ASN || flow->as_dst == ASN);
    json_object_put(record);
}

static void test_lines_are_what_they_are_said_to_be(void **state)
{
    (void)state;
    struct flows *flows = new_flows(&kinds[1]);
    struct flows_text text = {0};
    uint64_t counted = 0;
    for (unsigned i = 0; i < 5000; i++) {
        text.size = 0;
        flows_next(flows, &text);
        text.data[text.size - 1] = '\0';
        check_line(flows, text.data);
        counted += flows_last_is_counted(flows) ? flows_last(flows)->bytes : 0;
    }
    assert_int_equal(flows_counts(flows)->records, 5000);
    assert_int_equal(flows_counts(flows)->counted, counted);
    flows_free(flows);
    free(text.data);
}

/* One record of each combination comes first. */
static void test_every_series_once(void **state)
{
    (void)state;
    const struct flows_options options = {.seed = 1, .asn = 20, .as_count = 50, .routers = 3, .spread = true};
    struct flows *flows = new_flows(&options);
    struct flows_text text = {0};
    assert_int_equal(flows_series(flows), 300);
    struct flow seen[300];
    for (unsigned i = 0; i < 300; i++) {
        flows_next(flows, &text);
        seen[i] = *flows_last(flows);
        assert_true(flows_last_is_counted(flows));
        for (unsigned j = 0; j < i; j++)
            assert_false(seen[i].as_src == seen[j].as_src && seen[i].as_dst == seen[j].as_dst &&
                         seen[i].router == seen[j].router);
    }
    flows_free(flows);
    free(text.data);
}

static void test_names(void **state)
{
    (void)state;
    char path[] = "/tmp/test_flows_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    const struct flows_options options = {.seed = 1, .asn = ASN, .as_count = 2000, .routers = 1, .spread = true};
    assert_int_equal(flows_names_write(&options, path), 0);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    char name[128];
    unsigned number, lines = 0;
    size_t bytes = 0;
    for (; fscanf(file, "%u\t%127[^\n]\n", &number, name) == 2; lines++) {
        assert_int_equal(number, lines ? flows_as_number(&options, lines - 1) : ASN);
        assert_int_equal(strcspn(name + strlen(name) - 4, ","), 0);
        bytes += strlen(name);
    }
    fclose(file);
    unlink(path);
    assert_int_equal(lines, 2001);
    assert_in_range(bytes / lines, 26, 34); /* as in the real list */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed),
        cmocka_unit_test(test_lines_are_what_they_are_said_to_be),
        cmocka_unit_test(test_every_series_once),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
