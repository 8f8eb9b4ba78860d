/* The whole configuration: sections, entries and names. Whatever is printed reads back as the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/flags.h"
#include "config/secret.h"
#include "tests/unit/node_equal.h"

#define IN_OUT "inputs: [{plugin: in}]\noutputs: [{plugin: out}]\n"

static struct fxi_config *config_of(const char *text, struct fx_error *err)
{
    struct fxi_document *document = fxi_yaml_read_text("f.yaml", text, strlen(text), err);
    return document ? fxi_config_new(document, err) : NULL;
}

static struct fxi_config *good_config(const char *text)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_config *config = config_of(text, &err);
    if (!config)
        fail_msg("%s: %u:%u: %s", text, err.line, err.column, err.message);
    return config;
}

static void test_defaults(void **state)
{
    (void)state;
    struct fxi_config *config = good_config(IN_OUT "log: ~\nresolvers:\n");
    assert_int_equal(config->log.level, FX_LOG_INFO);
    assert_int_equal(config->log.format, 0);
    assert_int_equal(config->state.min_interval_ms, 1000);
    assert_int_equal(config->state.max_interval_ms, 30000);
    assert_int_equal(config->pipeline.batch_records, 512);
    assert_int_equal(config->pipeline.max_depth, 64);
    assert_int_equal(config->pipeline.retry_for_ms, 30000);
    assert_int_equal(config->pipeline.stop_timeout_ms, 1500);
    assert_int_equal(config->entry_count, 2);
    assert_int_equal(config->entries[0].workers, 1);
    fxi_config_free(config);
    fxi_config_free(NULL);
}

static void test_sections(void **state)
{
    (void)state;
    struct fxi_config *config = good_config("log: {level: debug, format: json}\n"
                                            "state: {min_interval: 0, max_interval: 5s}\n"
                                            "pipeline: {batch_records: 100, max_depth: 8, retry_for: 0, "
                                            "stop_timeout: 1m}\n" IN_OUT);
    assert_int_equal(config->log.level, FX_LOG_DEBUG);
    assert_int_equal(config->log.format, 1);
    assert_int_equal(config->state.min_interval_ms, 0);
    assert_int_equal(config->state.max_interval_ms, 5000);
    assert_int_equal(config->pipeline.batch_records, 100);
    assert_int_equal(config->pipeline.max_depth, 8);
    assert_int_equal(config->pipeline.retry_for_ms, 0);
    assert_int_equal(config->pipeline.stop_timeout_ms, 60000);
    fxi_config_free(config);
}

static void test_entries(void **state)
{
    (void)state;
    /* In the file the outputs come before the inputs. The entries have the order of the pipeline. */
    struct fxi_config *config = good_config("outputs:\n"
                                            "  - {plugin: out, name: in-2}\n"
                                            "  - plugin: /usr/lib/x/my plugin.so\n"
                                            "resolvers:\n"
                                            "  - {plugin: res, name: The.First_1}\n"
                                            "inputs:\n"
                                            "  - {plugin: in, workers: 256, own: option}\n"
                                            "  - plugin: in\n"
                                            "  - plugin: in\n");
    static const struct {
        enum fx_kind kind;
        const char *plugin, *name;
        int64_t workers;
    } wanted[] = {
        {FX_KIND_INPUT, "in", "in", 256},   {FX_KIND_INPUT, "in", "in-3", 1},
        {FX_KIND_INPUT, "in", "in-4", 1},   {FX_KIND_RESOLVER, "res", "The.First_1", 1},
        {FX_KIND_OUTPUT, "out", "in-2", 1}, {FX_KIND_OUTPUT, "/usr/lib/x/my plugin.so", "my_plugin", 1},
    };
    assert_int_equal(config->entry_count, sizeof wanted / sizeof *wanted);
    for (size_t i = 0; i < config->entry_count; i++) {
        assert_int_equal(config->entries[i].kind, wanted[i].kind);
        assert_string_equal(config->entries[i].plugin, wanted[i].plugin);
        assert_string_equal(config->entries[i].name, wanted[i].name);
        assert_int_equal(config->entries[i].workers, wanted[i].workers);
    }
    assert_string_equal(fxi_node_get(config->entries[0].node, "own")->text, "option");
    fxi_config_free(config);
}

/* The default name of a second entry with a long name keeps within the 64 bytes of a name. */
static void test_long_names(void **state)
{
    (void)state;
    char text[512], long_name[65];
    memset(long_name, 'x', 64);
    long_name[64] = '\0';
    snprintf(text, sizeof text, "inputs: [{plugin: %s}, {plugin: %s}]\noutputs: [{plugin: out}]\n", long_name,
             long_name);
    struct fxi_config *config = good_config(text);
    assert_string_equal(config->entries[0].name, long_name);
    assert_true(strlen(config->entries[1].name) <= 64);
    assert_string_not_equal(config->entries[0].name, config->entries[1].name);
    fxi_config_free(config);
}

static const struct bad {
    const char *text;
    unsigned line, column;
    const char *message;
} bads[] = {
    {"{}", 1, 1, "at least one input is required"},
    {"outputs: [{plugin: out}]\n", 1, 1, "at least one input is required: write '- plugin: '"},
    {"outputs: [{plugin: out}]\ninputs: []\n", 2, 1, "at least one input is required"},
    {"inputs: [{plugin: in}]\noutputs:\n", 2, 1, "at least one output is required"},
    {"inputs: {plugin: in}\n", 1, 9, "'inputs' must be a list: begin each entry with '- plugin: '"},
    {"inputs: input-kafka\n", 1, 9, "'inputs' must be a list"},
    {"inputs: [input-kafka]\n", 1, 10, "an entry of 'inputs' must be a map that begins with 'plugin: '"},
    {"inputs:\n  - [plugin, x]\n", 2, 5, "an entry of 'inputs' must be a map"},
    {"inputs:\n  -\n", 2, 4, "an entry of 'inputs' must be a map"},
    {"inputs:\n  - brokers: [a]\n", 2, 5, "'plugin' is required"},
    {"inputs:\n  - plugin:\n", 2, 5, "'plugin' is required"},
    {"inputs:\n  - topics: [a]\n    plugn: in\n", 3, 5, "unknown key 'plugn'; did you mean 'plugin'?"},
    {"inputs: [{plugin: [in]}]\n", 1, 19, "'plugin' must be a text, not a list"},
    {"inputs: [{plugin: In}]\n", 1, 19, "'plugin' must be a name such as input-kafka, or the absolute path"},
    {"inputs: [{plugin: -in}]\n", 1, 19, "not '-in'"},
    {"inputs: [{plugin: \"\"}]\n", 1, 19, "not ''"},
    {"inputs: [{plugin: in.so}]\n", 1, 19, "not 'in.so'"},
    {"inputs: [{plugin: ./in.so}]\n", 1, 19, "not './in.so'"},
    {"inputs: [{plugin: /x/in}]\n", 1, 19, "not '/x/in'"},
    {"inputs: [{plugin: /x/.so}]\n", 1, 19, "not '/x/.so'"},
    {"inputs: [{plugin: in, name: a b}]\n", 1, 29,
     "'name' must be 1 to 64 letters, digits, '_', '.' and '-', not 'a b'"},
    {"inputs: [{plugin: in, name: ''}]\n", 1, 29, "'name' must be 1 to 64"},
    {"inputs: [{plugin: in, name: "
     "x2345678901234567890123456789012345678901234567890123456789012345}]\n",
     1, 29, "'name' must be 1 to 64"},
    {"inputs: [{plugin: in, workers: 0}]\n", 1, 32, "'workers' must be 1 to 256, not 0"},
    {"inputs: [{plugin: in, workers: 257}]\n", 1, 32, "'workers' must be 1 to 256, not 257"},
    {"inputs: [{plugin: in}]\noutputs: [{plugin: out, workers: 2}]\n", 2, 25, "'workers' is for inputs only"},
    {"inputs: [{plugin: in, name: a}]\noutputs: [{plugin: out, name: a}]\n", 2, 31,
     "the name 'a' is used twice; first used on line 1"},
    {"input: [{plugin: in}]\n", 1, 1, "unknown key 'input'; did you mean 'inputs'?"},
    {IN_OUT "ouputs: []\n", 3, 1, "unknown key 'ouputs'; did you mean 'outputs'?"},
    {IN_OUT "kafka: {}\n", 3, 1,
     "unknown key 'kafka'; the known keys are: log, state, pipeline, inputs, resolvers, outputs"},
    {IN_OUT "log: debug\n", 3, 6, "'log' must be a map of options, such as 'log: {level: info}'"},
    {IN_OUT "log: {level: verbose}\n", 3, 14, "'level' must be error, warn, info or debug, not 'verbose'"},
    {IN_OUT "log: {levle: info}\n", 3, 7, "unknown key 'levle'; did you mean 'level'?"},
    {IN_OUT "state: []\n", 3, 8, "'state' must be a map"},
    {IN_OUT "state: {max_interval: 50ms}\n", 3, 23, "'max_interval' must be 100ms to 1d, not 50ms"},
    {IN_OUT "state: {max_interval: 5s, min_interval: 6s}\n", 3, 41,
     "'min_interval' must not be longer than 'max_interval'"},
    {IN_OUT "state: {max_interval: 500ms}\n", 3, 23, "'min_interval' must not be longer"},
    {IN_OUT "pipeline: {batch_records: 0}\n", 3, 27, "'batch_records' must be 1 to 65536, not 0"},
    {IN_OUT "pipeline: {retry_for: 30}\n", 3, 23, "'retry_for' needs a unit, such as 30s or 30ms"},
};

static void test_bad(void **state)
{
    (void)state;
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct fxi_config *config = config_of(bads[i].text, &err);
        assert_null(config);
        if (err.code == FX_EINVAL && err.line == bads[i].line && err.column == bads[i].column &&
            strcmp(err.file, "f.yaml") == 0 && strstr(err.message, bads[i].message))
            continue;
        failures++;
        print_error("%s\ngot  %u:%u: %s\nwant %u:%u: %s\n", bads[i].text, err.line, err.column, err.message,
                    bads[i].line, bads[i].column, bads[i].message);
    }
    assert_int_equal(failures, 0);
}

static char *printed(const struct fxi_config *config,
                     bool (*is_secret)(void *arg, const struct fxi_plugin_entry *entry, const char *key,
                                       const struct fxi_node *item),
                     void *arg)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    fxi_config_print(out, config, is_secret, arg);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void test_flags(void **state)
{
    (void)state;
    static const char *const names[] = {"/etc/asn.txt", "b"};
    static const struct {
        struct fxi_flags flags;
        const char *text;
    } cases[] = {
        {{.brokers = "a:9092, b:9092,,", .topic = "pmacct.acct", .asn = "15169"},
         "inputs:\n  - plugin: input-kafka\n    brokers: [a:9092, b:9092]\n    topics: [pmacct.acct]\n"
         "resolvers:\n  - plugin: resolver-whois\n"
         "outputs:\n  - plugin: output-prometheus\n    listen: \":9590\"\n    asn: 15169\n"},
        {{.brokers = "a",
          .topic = "t,u",
          .partitions = "all",
          .addr = "[::1]:80",
          .whois = "none",
          .names = names,
          .name_count = 2},
         "inputs:\n  - plugin: input-kafka\n    brokers: [a]\n    topics: [\"t,u\"]\n"
         "resolvers:\n  - plugin: resolver-whois\n    names: [/etc/asn.txt, b]\n    server: none\n"
         "outputs:\n  - plugin: output-prometheus\n    listen: \"[::1]:80\"\n    asn: 0\n"},
        {{.brokers = "a", .topic = "t", .partitions = "0,12"},
         "inputs:\n  - plugin: input-kafka\n    brokers: [a]\n    topics: [t]\n    partitions: [0, 12]\n"
         "resolvers:\n  - plugin: resolver-whois\n"
         "outputs:\n  - plugin: output-prometheus\n    listen: \":9590\"\n    asn: 0\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct fxi_document *document = fxi_flags_document(&cases[i].flags);
        assert_string_equal(document->file, "");
        struct fxi_config *config = fxi_config_new(document, &err);
        assert_non_null(config);
        char *text = printed(config, NULL, NULL);
        assert_string_equal(text, cases[i].text);
        free(text);
        fxi_config_free(config);
    }
}

static bool is_secret_key(void *arg, const struct fxi_plugin_entry *entry, const char *key, const struct fxi_node *item)
{
    if (item)
        return fxi_secret_is(NULL, item->key, item);
    return entry->kind == FX_KIND_OUTPUT && strcmp(key, arg) == 0;
}

static void test_print_hides(void **state)
{
    (void)state;
    char key[] = "pass";
    struct fxi_config *config = good_config(
        "inputs:\n  - plugin: in\n    pass: shown\n    rdkafka:\n      sasl.password: hunter2\n"
        "      sasl.username: bob\n      SSL.Key.Password: hunter3\n      ssl.key.pem: hunter4\n"
        "      nothing.password: ~\n"
        "outputs:\n  - plugin: out\n    pass: hunter5\n    other: [x]\n  - plugin: out\n    pass: [hunter6]\n");
    char *text = printed(config, is_secret_key, key);
    assert_null(strstr(text, "hunter"));
    assert_string_equal(text,
                        "inputs:\n  - plugin: in\n    pass: shown\n    rdkafka:\n      sasl.password: \"********\"\n"
                        "      sasl.username: bob\n      SSL.Key.Password: \"********\"\n"
                        "      ssl.key.pem: \"********\"\n      nothing.password: null\n"
                        "outputs:\n  - plugin: out\n    pass: \"********\"\n    other: [x]\n"
                        "  - plugin: out\n    pass: \"********\"\n");
    free(text);
    fxi_config_free(config);
}

/* Random trees, from a generator whose seed is reported when the test fails. */
struct random {
    uint64_t state;
};

static unsigned random_below(struct random *random, unsigned bound)
{
    random->state = random->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(random->state >> 33) % bound;
}

/* Texts that are easily misread. */
static void random_text(struct random *random, char text[128], int is_key)
{
    static const char *const pieces[] = {
        "a",
        "B7",
        " ",
        ":",
        ": ",
        " #",
        "#",
        "-",
        "- ",
        "?",
        "\n",
        "\t",
        "\"",
        "'",
        "\\",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&",
        "*",
        "!",
        "|",
        ">",
        "%",
        "@",
        "`",
        "~",
        "null",
        "<<",
        "---",
        "...",
        "\x01",
        "\x7f",
        "\r",
        "\xc2\x85",
        "\xc2\xa0",
        "\xe2\x80\xa8",
        "\xef\xbb\xbf",
        "\xf0\x9f\x98\x80",
        "\xc3\xa4",
        "0",
        "true",
        "=",
        "/",
        "\x1b",
        "\xef\xbf\xbf",
        "   ",
    };
    text[0] = '\0';
    unsigned count = random_below(random, 8) + (unsigned)is_key;
    for (unsigned i = 0; i < count; i++)
        strcat(text, pieces[random_below(random, sizeof pieces / sizeof *pieces)]);
}

static struct fxi_node *random_node(struct random *random, unsigned depth)
{
    char text[128];
    unsigned kind = random_below(random, depth == 0 ? 1 : depth > 5 ? 2 : 4);
    if (depth > 0 && kind < 2) {
        random_text(random, text, 0);
        struct fxi_node *scalar = fxi_node_new(FXI_NODE_SCALAR, text);
        if (random_below(random, 8) == 0) {
            fxi_node_free(scalar);
            scalar = fxi_node_new(FXI_NODE_SCALAR, "null");
            scalar->is_null = 1;
        }
        return scalar;
    }
    struct fxi_node *node = fxi_node_new(depth == 0 || kind == 2 ? FXI_NODE_MAP : FXI_NODE_LIST, NULL);
    unsigned count = random_below(random, 4);
    for (unsigned i = 0; i < count; i++) {
        random_text(random, text, 1);
        if (node->type == FXI_NODE_MAP && fxi_node_get(node, text))
            continue;
        fxi_node_add(node, node->type == FXI_NODE_MAP ? text : NULL, random_node(random, depth + 1));
    }
    return node;
}

static void test_print_reads_back(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5000; seed++) {
        struct random random = {seed};
        struct fxi_document document = {.file = NULL, .root = random_node(&random, 0)};
        struct fxi_config config = {.document = &document};
        char *text = printed(&config, NULL, NULL);
        struct fx_error err = FX_ERROR_INIT;
        struct fxi_document *again = fxi_yaml_read_text("f", text, strlen(text), &err);
        if (!again || !nodes_are_equal(document.root, again->root))
            fail_msg("seed %llu: %u:%u: %s\n%s", (unsigned long long)seed, err.line, err.column, err.message, text);
        fxi_document_free(again);
        fxi_node_free(document.root);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),    cmocka_unit_test(test_sections),
        cmocka_unit_test(test_entries),     cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_bad),         cmocka_unit_test(test_flags),
        cmocka_unit_test(test_print_hides), cmocka_unit_test(test_print_reads_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
