/* Option tables: each type with good and bad texts, places, defaults, ownership, and how tables are printed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/options.h"

struct sample {
    bool flag;
    int64_t port, signed_number, wait, room;
    double rate;
    const char *text, *password;
    int start;
    struct fx_list brokers;
    struct fx_map fields;
    int64_t free_wait, free_room;
};

static const char *const starts[] = {"latest", "earliest", "committed", NULL};

static const struct fx_option table[] = {
    {FX_OPTION(struct sample, flag), .type = FX_OPT_BOOL, .fallback = "true", .help = "A flag."},
    {FX_OPTION(struct sample, port), .type = FX_OPT_INTEGER, .fallback = "80", .min = 1, .max = 65535,
     .help = "A port."},
    {FX_OPTION(struct sample, signed_number), .type = FX_OPT_INTEGER, .help = "Any number."},
    {FX_OPTION(struct sample, wait), .type = FX_OPT_DURATION, .fallback = "1500ms", .min = 100, .max = 3600000,
     .flags = FX_OPTION_RELOADABLE, .help = "How long | or not."},
    {FX_OPTION(struct sample, room), .type = FX_OPT_SIZE, .fallback = "64KiB", .min = 1, .max = 1 << 20,
     .help = "How much."},
    {FX_OPTION(struct sample, rate), .type = FX_OPT_DOUBLE, .fallback = "0.5", .min = 0, .max = 1, .help = "A share."},
    {FX_OPTION(struct sample, text), .type = FX_OPT_STRING, .help = "A text."},
    {FX_OPTION(struct sample, password), .type = FX_OPT_SECRET, .help = "A secret."},
    {FX_OPTION(struct sample, start), .type = FX_OPT_ENUM, .fallback = "earliest", .choices = starts,
     .help = "Where to begin."},
    {FX_OPTION(struct sample, brokers), .type = FX_OPT_LIST, .fallback = "[a, b]", .min = 1, .max = 3,
     .help = "Some brokers with a help text that is certainly too long for one line of a terminal of eighty columns."},
    {FX_OPTION(struct sample, fields), .type = FX_OPT_MAP, .fallback = "{x: y}", .max = 2, .help = "Some fields."},
    {FX_OPTION(struct sample, free_wait), .type = FX_OPT_DURATION, .help = "No bounds."},
    {FX_OPTION(struct sample, free_room), .type = FX_OPT_SIZE, .unit = "bytes", .help = "No bounds."},
    {.key = NULL},
};

static const char *const skip[] = {"plugin", "name", NULL};

/* Fills the options from text, which may be NULL. */
static int fill(const char *text, struct sample *sample, struct fx_error *err)
{
    memset(sample, 0, sizeof *sample);
    struct fxi_document *document = text ? fxi_yaml_read_text("f.yaml", text, strlen(text), err) : NULL;
    if (text && !document)
        fail_msg("the test's own text is bad: %s: %s", text, err->message);
    int code = fxi_options_fill(table, "f.yaml", document ? document->root : NULL, skip, sample, err);
    fxi_document_free(document);
    return code;
}

static void test_defaults(void **state)
{
    (void)state;
    static const char *const texts[] = {
        NULL, "{}", "{plugin: x, name: {deep: [er]}}",
        "{flag: , port: ~, wait: null, room: , rate: , text: , start: , brokers: , fields: }"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct sample sample;
        struct fx_error err = FX_ERROR_INIT;
        assert_int_equal(fill(texts[i], &sample, &err), 0);
        assert_true(sample.flag);
        assert_int_equal(sample.port, 80);
        assert_int_equal(sample.signed_number, 0);
        assert_int_equal(sample.wait, 1500);
        assert_int_equal(sample.room, 65536);
        assert_true(sample.rate == 0.5);
        assert_null(sample.text);
        assert_null(sample.password);
        assert_int_equal(sample.start, 1);
        assert_int_equal(sample.brokers.count, 2);
        assert_string_equal(sample.brokers.items[0], "a");
        assert_string_equal(sample.brokers.items[1], "b");
        assert_int_equal(sample.fields.count, 1);
        assert_string_equal(sample.fields.pairs[0].key, "x");
        assert_string_equal(sample.fields.pairs[0].value, "y");
        fxi_options_fini(table, &sample);
        assert_null(sample.brokers.items);
        assert_int_equal(sample.fields.count, 0);
    }
}

static void test_values(void **state)
{
    (void)state;
    struct sample sample;
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(fill("flag: \"false\"\nport: '65535'\nsigned_number: -9223372036854775808\nwait: 1h\nroom: 10kB\n"
                          "rate: 1e-1\ntext: 42\npassword: ''\nstart: latest\nbrokers: a,b\nfields: {b: 1, a: ''}\n"
                          "free_wait: 0\nfree_room: 8TiB\n",
                          &sample, &err),
                     0);
    assert_false(sample.flag);
    assert_int_equal(sample.port, 65535);
    assert_true(sample.signed_number == INT64_MIN);
    assert_int_equal(sample.wait, 3600000);
    assert_int_equal(sample.room, 10000);
    assert_true(sample.rate == 0.1);
    assert_string_equal(sample.text, "42");
    assert_string_equal(sample.password, "");
    assert_int_equal(sample.start, 0);
    assert_int_equal(sample.brokers.count, 1);
    assert_string_equal(sample.brokers.items[0], "a,b");
    assert_int_equal(sample.fields.count, 2);
    assert_string_equal(sample.fields.pairs[0].key, "b");
    assert_string_equal(sample.fields.pairs[1].value, "");
    assert_int_equal(sample.free_wait, 0);
    assert_true(sample.free_room == INT64_C(8) << 40);
    fxi_options_fini(table, &sample);
}

static const struct bad {
    const char *text;
    unsigned line, column;
    const char *message;
} bads[] = {
    {"flag: yes", 1, 7, "'flag' must be true or false, not 'yes'"},
    {"flag: True", 1, 7, "'flag' must be true or false, not 'True'"},
    {"flag: \"\"", 1, 7, "'flag' must be true or false, not ''"},
    {"port: 70000", 1, 7, "'port' must be 1 to 65535, not 70000"},
    {"port: 0", 1, 7, "'port' must be 1 to 65535, not 0"},
    {"port: -1", 1, 7, "'port' must be 1 to 65535, not -1"},
    {"port: 99999999999999999999", 1, 7, "'port' must be 1 to 65535, not 99999999999999999999"},
    {"port: 1.5", 1, 7, "'port' must be a whole number, not '1.5'"},
    {"port: 0x50", 1, 7, "'port' must be a whole number, not '0x50'"},
    {"port: eighty", 1, 7, "'port' must be a whole number, not 'eighty'"},
    {"port: \" 80\"", 1, 7, "'port' must be a whole number"},
    {"port: \"\"", 1, 7, "'port' must be a whole number, not ''"},
    {"port: \"-\"", 1, 7, "'port' must be a whole number, not '-'"},
    {"port: [80]", 1, 7, "'port' must be a whole number, not a list"},
    {"port: {a: b}", 1, 7, "'port' must be a whole number, not a map"},
    {"signed_number: 9223372036854775808", 1, 16, "'signed_number' is beyond what 64 bits can hold"},
    {"wait: 5", 1, 7, "'wait' needs a unit, such as 5s or 5ms"},
    {"wait: 0", 1, 7, "'wait' must be 100ms to 1h, not 0"},
    {"wait: 99ms", 1, 7, "'wait' must be 100ms to 1h, not 99ms"},
    {"wait: 2h", 1, 7, "'wait' must be 100ms to 1h, not 2h"},
    {"wait: 5 s", 1, 7, "'wait' must be a duration such as 250ms, 5s, 2m, 1h or 1d, not '5 s'"},
    {"wait: 1.5s", 1, 7, "'wait' must be a duration"},
    {"wait: -5s", 1, 7, "'wait' must be a duration"},
    {"wait: s", 1, 7, "'wait' must be a duration"},
    {"wait: 1m30s", 1, 7, "'wait' must be a duration"},
    {"free_wait: 106751991168d", 1, 12, "'free_wait' is beyond what 64 bits can hold"},
    {"free_wait: 99999999999999999999ms", 1, 12, "'free_wait' is beyond"},
    {"room: 2MiB", 1, 7, "'room' must be 1 to 1MiB, not 2MiB"},
    {"room: 1KB", 1, 7, "'room' must be a size such as 4096, 64KiB or 10MB, not '1KB'"},
    {"room: -1", 1, 7, "'room' must be a size"},
    {"free_room: 8388608TiB", 1, 12, "'free_room' is beyond"},
    {"rate: 1.5", 1, 7, "'rate' must be 0 to 1, not 1.5"},
    {"rate: nan", 1, 7, "'rate' must be a number, not 'nan'"},
    {"rate: inf", 1, 7, "'rate' must be a number, not 'inf'"},
    {"rate: 0x1", 1, 7, "'rate' must be a number, not '0x1'"},
    {"rate: 1e", 1, 7, "'rate' must be a number, not '1e'"},
    {"rate: .", 1, 7, "'rate' must be a number, not '.'"},
    {"rate: 1e999", 1, 7, "'rate' must be 0 to 1, not 1e999"},
    {"text: [a]", 1, 7, "'text' must be a text, not a list"},
    {"password: {hunter2: x}", 1, 11, "a secret is a text, or {file: PATH}, or {env: NAME}"},
    {"start: lastest", 1, 8, "'start' must be latest, earliest or committed, not 'lastest'; did you mean 'latest'?"},
    {"start: now", 1, 8, "'start' must be latest, earliest or committed, not 'now'"},
    {"start: [latest]", 1, 8, "'start' must be a text, not a list"},
    {"brokers: {a: b}", 1, 10, "'brokers' must be a list of texts, not a map"},
    {"brokers: []", 1, 10, "'brokers' must have 1 to 3 entries, not 0"},
    {"brokers: [a, b, c, d]", 1, 10, "'brokers' must have 1 to 3 entries, not 4"},
    {"brokers:\n  - a\n  - [b]", 3, 5, "'brokers' must be a list of texts; this value is a list"},
    {"brokers:\n  - a\n  - b: c", 3, 5, "this value is a map"},
    {"brokers: [a, ~]", 1, 14, "a value of 'brokers' is missing"},
    {"fields: a", 1, 9, "'fields' must be a map of keys and texts, not one text"},
    {"fields: [a]", 1, 9, "'fields' must be a map of keys and texts, not a list"},
    {"fields: {a: b, c: [d]}", 1, 19, "'fields' must be a map of keys and texts; this value is a list"},
    {"fields: {a: 1, b: 2, c: 3}", 1, 9, "'fields' must have 0 to 2 entries, not 3"},
    {"fields:\n  a: x\n  b:\n", 3, 3, "a value of 'fields' is missing"},
    {"port: 1\nbrokres: [a]", 2, 1, "unknown key 'brokres'; did you mean 'brokers'?"},
    {"prot: 1", 1, 1, "unknown key 'prot'; did you mean 'port'?"},
    {"nmae: x", 1, 1, "unknown key 'nmae'; did you mean 'name'?"},
    {"port: 99999\nzebra: 1", 2, 1,
     "unknown key 'zebra'; the known keys are: plugin, name, flag, port, signed_number, wait"},
    {"\"two\\nlines\": 1", 1, 1, "unknown key 'two?lines'"},
};

static void test_bad(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct sample sample;
        struct fx_error err = FX_ERROR_INIT;
        int code = fill(bads[i].text, &sample, &err);
        assert_null(sample.brokers.items);
        if (code == FX_EINVAL && err.code == code && err.line == bads[i].line && err.column == bads[i].column &&
            strcmp(err.file, "f.yaml") == 0 && strstr(err.message, bads[i].message))
            continue;
        failures++;
        print_error("%s\ngot  %d %u:%u: %s\nwant %u:%u: %s\n", bads[i].text, code, err.line, err.column, err.message,
                    bads[i].line, bads[i].column, bads[i].message);
    }
    assert_int_equal(failures, 0);
}

/* A secret of the wrong type is refused, but its text is in no message. */
static void test_secret_is_not_shown(void **state)
{
    (void)state;
    struct sample sample;
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(fill("password: [hunter2]", &sample, &err), FX_EINVAL);
    assert_null(strstr(err.message, "hunter2"));
}

static void test_required(void **state)
{
    (void)state;
    static const struct fx_option required[] = {
        {FX_OPTION(struct sample, text), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED, .help = "Needed."},
        {.key = NULL},
    };
    static const struct {
        const char *text;
        unsigned line, column;
    } cases[] = {{"e:\n  - name: x\n", 2, 5}, {"e:\n  - text:\n    name: x\n", 2, 5}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct sample sample = {0};
        struct fxi_document *document = fxi_yaml_read_text("f", cases[i].text, strlen(cases[i].text), &err);
        assert_non_null(document);
        const struct fxi_node *map = document->root->children->children;
        assert_int_equal(fxi_options_fill(required, "f", map, skip, &sample, &err), FX_EINVAL);
        assert_non_null(strstr(err.message, "'text' is required"));
        assert_int_equal(err.line, cases[i].line);
        assert_int_equal(err.column, cases[i].column);
        fxi_document_free(document);
    }
    struct fx_error err = FX_ERROR_INIT;
    struct sample sample = {0};
    assert_int_equal(fxi_options_fill(required, "", NULL, NULL, &sample, &err), FX_EINVAL);
    assert_int_equal(err.line, 0);
}

static void test_no_table(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("f", "plugin: x\nport: 1\n", 18, &err);
    assert_non_null(document);
    char nothing = 0;
    assert_int_equal(fxi_options_fill(NULL, "f", document->root, skip, &nothing, &err), FX_EINVAL);
    assert_int_equal(err.line, 2);
    fxi_options_fini(NULL, &nothing);
    fxi_document_free(document);
}

static void test_place(void **state)
{
    (void)state;
    static const char text[] = "plugin: x\nbrokers: [a, b]\nfields:\n  k: v\none:  1\n";
    static const struct {
        const char *option, *item;
        unsigned line, column;
    } cases[] = {
        {"brokers", NULL, 2, 10}, {"brokers", "b", 2, 14}, {"brokers", "c", 2, 10},
        {"fields", "k", 4, 3},    {"fields", "v", 4, 3},   {"one", NULL, 5, 7},
        {"one", "1", 5, 7},       {"absent", NULL, 1, 1},  {"absent", "x", 1, 1},
    };
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("f", text, strlen(text), &err);
    assert_non_null(document);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned line = 99, column = 99;
        assert_int_equal(fxi_options_place(document->root, cases[i].option, cases[i].item, &line, &column), 0);
        assert_int_equal(line, cases[i].line);
        assert_int_equal(column, cases[i].column);
    }
    fxi_document_free(document);
    unsigned line = 99, column = 99;
    assert_int_equal(fxi_options_place(NULL, "a", "b", &line, &column), FX_EINVAL);
    assert_int_equal(line + column, 0);
}

static void test_parse_again(void **state)
{
    (void)state;
    struct sample sample = {0};
    struct fx_error err = FX_ERROR_INIT;
    const struct fx_option *text = &table[6], *brokers = &table[9], *fields = &table[10];
    assert_int_equal(fxi_option_parse(text, "one", &sample, &err), 0);
    assert_int_equal(fxi_option_parse(text, "two", &sample, &err), 0);
    assert_string_equal(sample.text, "two");
    assert_int_equal(fxi_option_parse(brokers, "[x, 'y, z']", &sample, &err), 0);
    assert_int_equal(sample.brokers.count, 2);
    assert_string_equal(sample.brokers.items[1], "y, z");
    assert_int_equal(fxi_option_parse(brokers, "single", &sample, &err), 0);
    assert_int_equal(sample.brokers.count, 1);
    assert_int_equal(fxi_option_parse(fields, "{a: b}", &sample, &err), 0);
    assert_string_equal(sample.fields.pairs[0].value, "b");
    assert_int_equal(fxi_option_parse(fields, "{a: b", &sample, &err), FX_EINVAL);
    assert_int_equal(err.line, 0);
    fxi_options_fini(table, &sample);
}

struct small {
    int64_t a;
    const char *b, *c;
};

#define ROW(key_, type_, member_)                                                                                      \
    .key = (key_), .type = (type_), .offset = offsetof(struct small, member_), .help = "H."

static void test_check(void **state)
{
    (void)state;
    static const char *const no_choices[] = {NULL};
    const struct {
        struct fx_option rows[3];
        const char *message; /* NULL: the table is sound */
    } cases[] = {
        {{{ROW("a", FX_OPT_INTEGER, a), .fallback = "7"}, {ROW("b", FX_OPT_STRING, b)}, {0}}, NULL},
        {{{ROW("a", FX_OPT_INTEGER, a), .fallback = "x"}, {0}}, "the default of the option 'a' is wrong"},
        {{{ROW("a", FX_OPT_INTEGER, a), .fallback = "7", .max = 6}, {0}}, "must be 0 to 6, not 7"},
        {{{ROW("a", FX_OPT_INTEGER, a), .min = 2, .max = 1}, {0}}, "bounds that make no sense"},
        {{{ROW("b", FX_OPT_STRING, b), .max = 1}, {0}}, "bounds that make no sense"},
        {{{ROW("A", FX_OPT_INTEGER, a)}, {0}}, "a key that is not lower case"},
        {{{ROW("", FX_OPT_INTEGER, a)}, {0}}, "a key that is not lower case"},
        {{{ROW("name", FX_OPT_STRING, b)}, {0}}, "belongs to the program"},
        {{{ROW("a", 77, a)}, {0}}, "unknown type"},
        {{{ROW("a", 0, a)}, {0}}, "unknown type"},
        {{{ROW("a", FX_OPT_INTEGER, a), .flags = 1u << 9}, {0}}, "unknown flags"},
        {{{.key = "a", .type = FX_OPT_INTEGER, .offset = 0}, {0}}, "has no help"},
        {{{.key = "a", .type = FX_OPT_INTEGER, .offset = 4, .help = "H."}, {0}}, "not inside the options struct"},
        {{{.key = "a", .type = FX_OPT_INTEGER, .offset = sizeof(struct small), .help = "H."}, {0}}, "not inside"},
        {{{.key = "a", .type = FX_OPT_LIST, .offset = offsetof(struct small, c), .help = "H."}, {0}}, "not inside"},
        {{{ROW("b", FX_OPT_STRING, b)}, {ROW("b", FX_OPT_STRING, c)}, {0}}, "twice"},
        {{{ROW("b", FX_OPT_STRING, b)}, {ROW("c", FX_OPT_STRING, b)}, {0}}, "same member"},
        {{{ROW("b", FX_OPT_LIST, b)}, {ROW("c", FX_OPT_STRING, c)}, {0}}, "same member"},
        {{{ROW("a", FX_OPT_ENUM, a)}, {0}}, "without choices"},
        {{{ROW("a", FX_OPT_ENUM, a), .choices = no_choices}, {0}}, "without choices"},
        {{{ROW("a", FX_OPT_ENUM, a), .choices = starts, .fallback = "never"}, {0}}, "is wrong"},
        {{{ROW("b", FX_OPT_STRING, b), .choices = starts}, {0}}, "is not an enum"},
        {{{ROW("b", FX_OPT_STRING, b), .flags = FX_OPTION_REQUIRED, .fallback = "x"}, {0}}, "is required and has"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        int code = fxi_options_check(cases[i].rows, sizeof(struct small), &err);
        if (code != (cases[i].message ? FX_EABI : 0) || (cases[i].message && !strstr(err.message, cases[i].message)))
            fail_msg("case %zu: got %d '%s', want '%s'", i, code, err.message, cases[i].message);
    }
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(fxi_options_check(table, sizeof(struct sample), &err), 0);
    assert_int_equal(fxi_options_check(NULL, 0, &err), 0);
}

/* The output of print for the table. */
static char *printed(void (*print)(FILE *out, const struct fx_option *options))
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    print(out, table);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_print(void **state)
{
    (void)state;
    char *text = printed(fxi_options_print);
    assert_non_null(strstr(text, "  port           integer, 1 to 65535, default 80\n      A port.\n"));
    assert_non_null(strstr(text, "  wait           duration, 100ms to 1h, default 1500ms, reloadable\n"));
    assert_non_null(strstr(text, "  start          one of latest, earliest or committed, default earliest\n"));
    assert_non_null(strstr(text, "  brokers        list of texts, 1 to 3 entries, default [a, b]\n"));
    assert_non_null(strstr(text, "  free_room      size (bytes)\n"));
    for (const char *line = text; *line;) {
        size_t length = strcspn(line, "\n");
        assert_in_range(length, 1, 80);
        line += length + 1;
    }
    free(text);
}

static void test_print_markdown(void **state)
{
    (void)state;
    char *text = printed(fxi_options_print_markdown);
    assert_non_null(strstr(text, "| `port` | integer | `80` | 1 to 65535 | A port. | no |\n"));
    assert_non_null(strstr(text, "| `wait` | duration | `1500ms` | 100ms to 1h | How long \\| or not. | yes |\n"));
    assert_non_null(strstr(text, "| `text` | text |  |  | A text. | no |\n"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_secret_is_not_shown),
        cmocka_unit_test(test_required),
        cmocka_unit_test(test_no_table),
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_parse_again),
        cmocka_unit_test(test_check),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_print_markdown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
