/* Options that are lists of maps: filled, bounded, placed, printed, and refused when their own table is unsound. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/options.h"

struct server {
    const char *host;
    int64_t port;
    struct fx_list tags;
};

struct sample {
    struct fx_tables servers;
    const char *text;
};

static const struct fx_option server_table[] = {
    {FX_OPTION(struct server, host), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED, .help = "A host."},
    {FX_OPTION(struct server, port), .type = FX_OPT_INTEGER, .fallback = "43", .min = 1, .max = 65535,
     .help = "A port."},
    {FX_OPTION(struct server, tags), .type = FX_OPT_LIST, .help = "Some tags."},
    {.key = NULL}};

static const struct fx_option table[] = {{FX_OPTION(struct sample, servers), .type = FX_OPT_TABLES,
                                          .fallback = "[{host: a, tags: [x, y]}, {host: b}]", .table = server_table,
                                          .table_size = sizeof(struct server), .max = 3, .help = "Some servers."},
                                         {FX_OPTION(struct sample, text), .type = FX_OPT_STRING, .help = "A text."},
                                         {.key = NULL}};

static int fill(const char *text, struct sample *sample, struct fx_error *err)
{
    memset(sample, 0, sizeof *sample);
    struct fxi_document *document = fxi_yaml_read_text("f", text, strlen(text), err);
    assert_non_null(document);
    int code = fxi_options_fill(table, "f", document->root, NULL, sample, err);
    fxi_document_free(document);
    return code;
}

static const struct server *server_at(const struct sample *sample, size_t index)
{
    assert_true(index < sample->servers.count);
    return (const struct server *)sample->servers.items + index;
}

static void maps_are_filled_in_order(void **state)
{
    (void)state;
    struct sample sample;
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(fill("servers:\n  - {host: one, port: 7}\n  - host: two\n    tags: [p]\n", &sample, &err), 0);
    assert_int_equal(sample.servers.count, 2);
    assert_string_equal(server_at(&sample, 0)->host, "one");
    assert_int_equal(server_at(&sample, 0)->port, 7);
    assert_string_equal(server_at(&sample, 1)->host, "two");
    assert_int_equal(server_at(&sample, 1)->port, 43);
    assert_string_equal(server_at(&sample, 1)->tags.items[0], "p");
    fxi_options_fini(table, &sample);
    assert_int_equal(fill("servers: {host: alone}", &sample, &err), 0);
    assert_int_equal(sample.servers.count, 1);
    fxi_options_fini(table, &sample);
    assert_int_equal(fill("servers: []", &sample, &err), 0);
    assert_int_equal(sample.servers.count, 0);
    fxi_options_fini(table, &sample);
    assert_int_equal(fill("text: x", &sample, &err), 0);
    assert_int_equal(sample.servers.count, 2);
    assert_string_equal(server_at(&sample, 0)->tags.items[1], "y");
    fxi_options_fini(table, &sample);
    assert_null(sample.servers.items);
}

static void faults_have_their_place(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line, column;
        const char *message;
    } cases[] = {
        {"servers: x", 1, 10, "must be a list of maps, not one text"},
        {"servers: [x]", 1, 11, "must be a list of maps, not one text"},
        {"servers: [[x]]", 1, 11, "must be a list of maps, not a list"},
        {"servers:\n  - host: a\n  - port: 1\n", 3, 5, "'host' is required"},
        {"servers:\n  - host: a\n    port: 0\n", 3, 11, "must be 1 to 65535"},
        {"servers:\n  - {host: a}\n  - {host: b, prot: 1}\n", 3, 15, "did you mean 'port'?"},
        {"servers: [{host: a}, {host: a}, {host: a}, {host: a}]", 1, 10, "0 to 3 entries, not 4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct sample sample;
        struct fx_error err = FX_ERROR_INIT;
        assert_int_equal(fill(cases[i].text, &sample, &err), FX_EINVAL);
        if (!strstr(err.message, cases[i].message) || err.line != cases[i].line || err.column != cases[i].column)
            fail_msg("%s: %u:%u: %s", cases[i].text, err.line, err.column, err.message);
        assert_null(sample.servers.items);
    }
}

static void an_option_of_a_table_has_a_place(void **state)
{
    (void)state;
    static const char text[] = "text: x\nservers:\n  - host: a\n  - host: b\n    tags: [p, q]\n";
    static const struct {
        const char *option, *item;
        unsigned line, column;
    } cases[] = {
        {"servers[1].host", NULL, 4, 11}, {"servers[1].tags", "q", 5, 15}, {"servers[0].port", NULL, 3, 5},
        {"servers[9].host", NULL, 3, 3},  {"servers", NULL, 3, 3},         {"servers[0]", NULL, 3, 5},
        {"text[0]", NULL, 1, 7},
    };
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("f", text, strlen(text), &err);
    assert_non_null(document);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned line, column;
        assert_int_equal(fxi_options_place(document->root, cases[i].option, cases[i].item, &line, &column), 0);
        if (line != cases[i].line || column != cases[i].column)
            fail_msg("%s: %u:%u", cases[i].option, line, column);
    }
    fxi_document_free(document);
}

static void unsound_tables_are_refused(void **state)
{
    (void)state;
    static const struct fx_option secret[] = {{FX_OPTION(struct server, host), .type = FX_OPT_SECRET, .help = "H."},
                                              {0}};
    static const struct fx_option wrong[] = {
        {FX_OPTION(struct server, port), .type = FX_OPT_INTEGER, .fallback = "x", .help = "H."}, {0}};
    static struct fx_option endless[] = {
        {FX_OPTION(struct sample, servers), .type = FX_OPT_TABLES, .table_size = sizeof(struct sample), .help = "H."},
        {0}};
    endless[0].table = endless;
    const struct {
        const struct fx_option *table;
        const char *message;
    } cases[] = {{secret, "secret inside a table"},
                 {wrong, "the default of the option 'port' is wrong"},
                 {endless, "too many tables"},
                 {NULL, "has no table of its own"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct fx_option rows[] = {{FX_OPTION(struct sample, servers), .type = FX_OPT_TABLES, .help = "H.",
                                          .table = cases[i].table, .table_size = sizeof(struct sample)},
                                         {0}};
        struct fx_error err = FX_ERROR_INIT;
        assert_int_equal(fxi_options_check(rows, sizeof(struct sample), &err), FX_EABI);
        if (!strstr(err.message, cases[i].message))
            fail_msg("%zu: %s", i, err.message);
    }
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(fxi_options_check(table, sizeof(struct sample), &err), 0);
}

static void tables_are_printed_with_their_options(void **state)
{
    (void)state;
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    fxi_options_print(out, table);
    fxi_options_print_markdown(out, table);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "  servers         list of maps, 0 to 3 entries, default"));
    assert_non_null(strstr(text, "  servers[].port  integer, 1 to 65535, default 43\n"));
    assert_non_null(strstr(text, "| `servers[].host` | text | required |  | A host. |\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(maps_are_filled_in_order),
        cmocka_unit_test(faults_have_their_place),
        cmocka_unit_test(an_option_of_a_table_has_a_place),
        cmocka_unit_test(unsound_tables_are_refused),
        cmocka_unit_test(tables_are_printed_with_their_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
