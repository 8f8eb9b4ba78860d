/* Options with a form of their own: secrets that are kept elsewhere, and choices that may carry a text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/options.h"

struct sample {
    const char *password;
    struct fx_map properties, plain, lists;
    struct fx_choice start;
};

static const char *const starts[] = {"latest", "earliest", "timestamp:", NULL};
static const struct fx_option table[] = {
    {FX_OPTION(struct sample, password), .type = FX_OPT_SECRET, .help = "A secret."},
    {FX_OPTION(struct sample, properties), .type = FX_OPT_MAP, .flags = FX_OPTION_SECRETS, .help = "Properties."},
    {FX_OPTION(struct sample, plain), .type = FX_OPT_MAP, .help = "No secrets."},
    {FX_OPTION(struct sample, lists), .type = FX_OPT_MAP, .flags = FX_OPTION_LISTS, .max = 2, .help = "Lists."},
    {FX_OPTION(struct sample, start), .type = FX_OPT_CHOICE, .fallback = "latest", .choices = starts, .help = "Where."},
    {.key = NULL},
};

static int fill(const char *text, struct sample *sample, struct fx_error *err)
{
    memset(sample, 0, sizeof *sample);
    *err = (struct fx_error)FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("f.yaml", text, strlen(text), err);
    if (!document)
        fail_msg("the test's own text is bad: %s: %s", text, err->message);
    int code = fxi_options_fill(table, "f.yaml", document->root, NULL, sample, err);
    fxi_document_free(document);
    return code;
}

/* Makes a file with these bytes. The file exists until the next call. NULL: makes none. */
static const char *file_with(const void *data, size_t size)
{
    static char name[64];
    if (name[0])
        unlink(name);
    if (!data)
        return NULL;
    strcpy(name, "/tmp/fx-secret-XXXXXX");
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_true(write(fd, data, size) == (ssize_t)size);
    close(fd);
    return name;
}

/* A list makes one pair for each of its texts. Entries are counted by their keys. */
static void test_lists_in_a_map(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        unsigned column;
    } faults[] = {{"lists: {a: []}", "the list of 'a' is empty", 12},
                  {"lists: {a: [x, [y]]}", "this value is a list", 16},
                  {"lists: {a: [x, ~]}", "is missing here", 16},
                  {"lists: {a: {b: c}}", "this value is a map", 12},
                  {"lists: {a: b, c: d, e: f}", "0 to 2 entries, not 3", 8},
                  {"plain: {a: [b]}", "this value is a list", 12}};
    struct sample sample;
    struct fx_error err;
    assert_int_equal(fill("lists: {a: [x, y, x], b: z}", &sample, &err), 0);
    assert_int_equal(sample.lists.count, 4);
    assert_string_equal(sample.lists.pairs[2].key, "a");
    assert_string_equal(sample.lists.pairs[2].value, "x");
    assert_string_equal(sample.lists.pairs[3].key, "b");
    fxi_options_fini(table, &sample);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        assert_int_equal(fill(faults[i].text, &sample, &err), FX_EINVAL);
        if (!strstr(err.message, faults[i].message) || err.column != faults[i].column)
            fail_msg("%s: column %u: %s", faults[i].text, err.column, err.message);
    }
}

static void test_secret_from_file(void **state)
{
    (void)state;
    static const struct {
        const char *content, *secret;
    } cases[] = {
        {"hunter2", "hunter2"}, {"hunter2\n", "hunter2"}, {"hunter2\r\n", "hunter2"}, {"a\nb\n\n", "a\nb\n"}, {"", ""},
        {" x ", " x "}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[256];
        struct sample sample;
        struct fx_error err;
        const char *name = file_with(cases[i].content, strlen(cases[i].content));
        snprintf(text, sizeof text, "password: {file: %s}\nproperties: {a: b, sasl.password: {file: %s}}", name, name);
        assert_int_equal(fill(text, &sample, &err), 0);
        assert_string_equal(sample.password, cases[i].secret);
        assert_int_equal(sample.properties.count, 2);
        assert_string_equal(sample.properties.pairs[0].value, "b");
        assert_string_equal(sample.properties.pairs[1].key, "sasl.password");
        assert_string_equal(sample.properties.pairs[1].value, cases[i].secret);
        fxi_options_fini(table, &sample);
    }
}

static void test_secret_from_environment(void **state)
{
    (void)state;
    struct sample sample;
    struct fx_error err;
    setenv("FX_TEST_SECRET", "hunter2", 1);
    assert_int_equal(fill("password: {env: FX_TEST_SECRET}", &sample, &err), 0);
    assert_string_equal(sample.password, "hunter2");
    fxi_options_fini(table, &sample);
}

static void expect(const char *text, unsigned line, unsigned column, const char *message)
{
    struct sample sample;
    struct fx_error err;
    int code = fill(text, &sample, &err);
    if (code != FX_EINVAL || err.line != line || err.column != column || !strstr(err.message, message))
        fail_msg("%s\ngot  %d %u:%u: %s\nwant %u:%u: %s", text, code, err.line, err.column, err.message, line, column,
                 message);
    assert_null(strstr(err.message, "hunter2"));
}

static void test_bad_secrets(void **state)
{
    (void)state;
    unsetenv("FX_TEST_NONE");
    expect("password: {file: secret}", 1, 18, "the file 'secret' must be named by its absolute path");
    expect("password: {file: /no/such}", 1, 18, "the file '/no/such' can't be read: No such file");
    expect("password: {file: /}", 1, 18, "the file '/' can't be read: it is a folder");
    expect("password: {env: FX_TEST_NONE}", 1, 17, "the environment variable 'FX_TEST_NONE' is not set");
    expect("password: {file: /a, env: b}", 1, 11, "a secret is a text, or {file: PATH}, or {env: NAME}");
    expect("password: {file: [a]}", 1, 11, "a secret is a text");
    expect("password: {}", 1, 11, "a secret is a text");
    expect("properties: {a: {flie: /x}}", 1, 17, "a secret is a text");
    expect("plain: {a: {file: /x}}", 1, 12, "this value is a map");

    char text[128], large[70000];
    memset(large, 'x', sizeof large);
    snprintf(text, sizeof text, "password: {file: %s}", file_with(large, sizeof large));
    expect(text, 1, 18, "is larger than 64 KiB");
    snprintf(text, sizeof text, "password: {file: %s}", file_with("hunter2\0x", 9));
    expect(text, 1, 18, "contains a NUL character");
    file_with(NULL, 0);
}

static void test_choice(void **state)
{
    (void)state;
    struct sample sample;
    struct fx_error err;
    assert_int_equal(fill("{}", &sample, &err), 0);
    assert_int_equal(sample.start.choice, 0);
    assert_null(sample.start.text);
    assert_int_equal(fill("start: earliest", &sample, &err), 0);
    assert_int_equal(sample.start.choice, 1);
    assert_int_equal(fill("start: {timestamp: 2026-01-02}", &sample, &err), 0);
    assert_int_equal(sample.start.choice, 2);
    assert_string_equal(sample.start.text, "2026-01-02");
    fxi_options_fini(table, &sample);
    assert_null(sample.start.text);

    expect("start: lastest", 1, 8,
           "'start' must be latest, earliest or {timestamp: TEXT}, not 'lastest'; did you mean");
    expect("start: timestamp", 1, 8, "'start' must be latest, earliest or {timestamp: TEXT}, not 'timestamp'");
    expect("start: {earliest: x}", 1, 9, "not 'earliest'");
    expect("start: {timestmap: 1}", 1, 9, "did you mean 'timestamp'");
    expect("start: {timestamp: }", 1, 9, "not 'timestamp'");
    expect("start: [latest]", 1, 8, "'start' must be latest");
    expect("start: {}", 1, 8, "'start' must be latest");
    assert_int_equal(fxi_options_check(table, sizeof(struct sample), &err), 0);
}

/* A printed configuration says where secrets are, and never what they are. */
static void test_print(void **state)
{
    (void)state;
    static const char text[] = "inputs:\n  - plugin: in\n    pass: {file: /run/secret}\n    rdkafka:\n"
                               "      sasl.password: {env: PASSWORD}\n      ssl.key.password: hunter2\n"
                               "outputs: [{plugin: out}]\n";
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_config *config = fxi_config_new(fxi_yaml_read_text("f", text, sizeof text - 1, &err), &err);
    assert_non_null(config);
    char *printed = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&printed, &size);
    fxi_config_print(out, config, NULL, NULL);
    fclose(out);
    assert_non_null(strstr(printed, "file: /run/secret"));
    assert_non_null(strstr(printed, "env: PASSWORD"));
    assert_null(strstr(printed, "hunter2"));
    free(printed);
    fxi_config_free(config);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_in_a_map),
        cmocka_unit_test(test_secret_from_file),
        cmocka_unit_test(test_secret_from_environment),
        cmocka_unit_test(test_bad_secrets),
        cmocka_unit_test(test_choice),
        cmocka_unit_test(test_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
