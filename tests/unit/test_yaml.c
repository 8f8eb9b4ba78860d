/* The YAML reader: what it accepts, what it refuses, and the exact place of each refusal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/node.h"
#include "util/str.h"

struct bad {
    const char *text;
    unsigned line, column;
    const char *message; /* a part of the message */
};

static const struct bad bads[] = {
    {"", 1, 1, "empty: write at least one entry under 'inputs:'"},
    {"# only a comment\n\n", 1, 1, "is empty"},
    {"---\n...\n", 2, 1, "is empty"},
    {"null\n", 1, 1, "is empty"},
    {"text\n", 1, 1, "must be a map"},
    {"- a\n- b\n", 1, 1, "must be a map"},
    {"[]\n", 1, 1, "must be a map"},

    {"a: 1\nb: 2\na: 3\n", 3, 1, "the key 'a' is used twice; first used on line 1"},
    {"x:\n  - {b: 1, c: 2, b: 3}\n", 2, 18, "the key 'b' is used twice"},
    {"a: 1\n\"a\": 2\n", 2, 1, "the key 'a' is used twice"},
    {"a: &anchor 1\n", 1, 4, "anchors"},
    {"a: &anchor {b: 1}\n", 1, 4, "anchors"},
    {"a:\n  - &anchor [b]\n", 2, 5, "anchors"},
    {"a: *alias\n", 1, 4, "aliases"},
    {"*alias : 1\n", 1, 1, "aliases"},
    {"&anchor a: 1\n", 1, 1, "anchors"},
    {"a: !!str 1\n", 1, 4, "tags"},
    {"a: !thing {b: c}\n", 1, 4, "tags"},
    {"a:\n- !!seq []\n", 2, 3, "tags"},
    {"!!str a: 1\n", 1, 1, "tags"},
    {"<<: {b: 1}\n", 1, 1, "merge keys"},
    {"a:\n  x: 1\n  <<: y\n", 3, 3, "merge keys"},
    {"%TAG ! tag:example.org,2000:\n---\na: 1\n", 1, 1, "%TAG"},
    {"a: 1\n---\nb: 2\n", 2, 1, "a second document"},
    {"a: 1\n...\nb: 2\n", 3, 1, "did not find expected <document start>"},

    {"[a]: 1\n", 1, 1, "a key must be a text"},
    {"? {a: b}\n: 1\n", 1, 3, "a key must be a text"},
    {"\"\": 1\n", 1, 1, "a key can't be empty"},
    {"a: {? : 1}\n", 1, 7, "a key can't be empty"},
    {"a: \"x\\0y\"\n", 1, 4, "NUL"},
    {"\"x\\0y\": a\n", 1, 1, "NUL"},

    {"a: *.acct\n", 1, 5, "a text that begins with '*' or '&' must be in quotes"},
    {"a: [::/0]\n", 1, 5, "a text that begins with ':' must be in quotes"},
    {"a: !10.0.0.0/8\n", 1, 4, "put a text that begins with '!' in quotes"},
    {"a: [${FX_TEST_SET}]\n", 1, 6, "a text with ${NAME} must be in quotes"},
    {"a: {b: ${FX_TEST_SET}}\n", 1, 9, "a text with ${NAME} must be in quotes"},
    {"a: x\nb: [c, \"d${FX_TEST_UNSET}\"]\n", 2, 8, "the environment variable 'FX_TEST_UNSET' is not set"},
    {"a: ${}\n", 1, 4, "must be followed by the name of an environment variable"},
    {"a: ${FX_TEST_SET\n", 1, 4, "must be followed by the name"},
    {"a: ${1A}\n", 1, 4, "must be followed by the name"},
    {"a: ${FX_TEST_SET-x}\n", 1, 4, "must be followed by the name"},
    {"a: ${ FX_TEST_SET}\n", 1, 4, "must be followed by the name"},
    {"a: ${FX_TEST_UNSET:-${FX_TEST_SET}}\n", 1, 4, "must be followed by the name"},
    {"a: x${FX_TEST_LATIN}\n", 1, 4, "the value of the environment variable 'FX_TEST_LATIN' is not UTF-8"},

    {"a: [1, 2\nb: 3\n", 1, 4, "this list lacks"},
    {"a: {b: 1\nc: 3\n", 1, 4, "this map lacks"},
    {"a: \"never closed\nb: 1\n", 1, 4, "closing quote"},
    {"a: 'never closed\n", 1, 4, "closing quote"},
    {"a: b: c\n", 1, 5, "a key is not expected here"},
    {"a: 1\nb\nc: 2\n", 2, 1, "the ':' is missing"},
    {"a:\n  b: 1\n c: 2\n", 3, 2, "check the indentation"},
    {"a:\n\tb: 1\n", 2, 1, "a tab can't be used for indentation"},
    {"a: @b\n", 1, 4, "put it in quotes"},
    {"a: \xc3\xa4\xc3\xb6 \xc3\xbc: 1\n", 1, 8, "a key is not expected here"},
    {"a: `b`\n", 1, 4, "put it in quotes"},
    {"a:\n  - b\n  c: 1\n", 3, 3, "an entry of the list"},
    {"a: \"\\q\"\n", 1, 5, "unknown escape"},

    {"a: 1\nb: \xff\n", 2, 4, "not UTF-8 text (byte 0xff)"},
    {"a: \xc3\xa4 \xc0\xaf\n", 1, 6, "not UTF-8 text (byte 0xc0)"},
    {"a: \xed\xa0\x80\n", 1, 4, "not UTF-8 text (byte 0xed)"},
    {"a: 1\r\nb: \x01\r\n", 2, 4, "control character (byte 0x01)"},
    {"a: \x7f\n", 1, 4, "control character (byte 0x7f)"},
    {"a: \xe2\x82", 1, 4, "not UTF-8"},
};

static int is_as_wanted(const struct bad *bad, const struct fx_error *err)
{
    return err->code == FX_EINVAL && err->line == bad->line && err->column == bad->column &&
           strcmp(err->file, "file.yaml") == 0 && strstr(err->message, bad->message);
}

static void test_bad(void **state)
{
    setenv("FX_TEST_SET", "v", 1);
    setenv("FX_TEST_LATIN", "caf\xe9", 1);
    (void)state;
    unsigned failures = 0;
    for (size_t i = 0; i < sizeof bads / sizeof *bads; i++) {
        struct fx_error err = FX_ERROR_INIT;
        assert_null(fxi_yaml_read_text("file.yaml", bads[i].text, strlen(bads[i].text), &err));
        if (is_as_wanted(&bads[i], &err))
            continue;
        failures++;
        print_error("%s\ngot  %u:%u: %s\nwant %u:%u: %s\n", bads[i].text, err.line, err.column, err.message,
                    bads[i].line, bads[i].column, bads[i].message);
    }
    assert_int_equal(failures, 0);
}

/* Writes the tree as a text: scalars in quotes, null as ~, each with its place. */
static void describe(struct fxi_str *out, const struct fxi_node *node, int with_places)
{
    if (node->key)
        fxi_str_printf(out, "%s=", node->key);
    if (with_places)
        fxi_str_printf(out, "%u:%u", node->line, node->column);
    if (node->type == FXI_NODE_SCALAR) {
        fxi_str_printf(out, node->is_null ? "~" : "'%s'", node->text);
        return;
    }
    fxi_str_puts(out, node->type == FXI_NODE_LIST ? "[" : "{");
    size_t count = 0;
    for (const struct fxi_node *child = node->children; child; child = child->next, count++) {
        fxi_str_puts(out, count ? " " : "");
        describe(out, child, with_places);
    }
    fxi_str_puts(out, node->type == FXI_NODE_LIST ? "]" : "}");
    assert_int_equal(count, node->count);
}

static const struct good {
    const char *text;
    int with_places;
    const char *tree;
} goods[] = {
    {"a: 1\n", 1, "1:1{a=1:4'1'}"},
    {"{}", 1, "1:1{}"},
    {"---\na: b\n...\n", 0, "{a='b'}"},
    {"%YAML 1.1\n---\na: b\n", 0, "{a='b'}"},
    {"a: [x, 'y', \"z\"]\nb: {c: d}\n", 1, "1:1{a=1:4[1:5'x' 1:8'y' 1:13'z'] b=2:4{c=2:8'd'}}"},
    {"a:\nb: ~\nc: null\nd: ''\ne: \"null\"\nf: '~'\n", 0, "{a=~ b=~ c=~ d='' e='null' f='~'}"},
    {"l:\n  - plugin: x\n    y: 1\n  - 2\n", 1, "1:1{l=2:3[2:5{plugin=2:13'x' y=3:8'1'} 4:5'2']}"},
    {"\xef\xbb\xbf"
     "a: 1\n",
     1, "1:1{a=1:4'1'}"},
    {"a: 1\r\nb: 2\r\n", 1, "1:1{a=1:4'1' b=2:4'2'}"},
    {"\xc3\xa4: \"\xf0\x9f\x98\x80\" # x\nb: 1\n", 1, "1:1{\xc3\xa4=1:4'\xf0\x9f\x98\x80' b=2:4'1'}"},
    {"a: |\n  x\n  y\nb: >\n  x\n  y\n", 0, "{a='x\ny\n' b='x y\n'}"},
    {"a: :9590\nb: [h:9092]\nc: http://x/?q=1\n", 0, "{a=':9590' b=['h:9092'] c='http://x/?q=1'}"},
    {"? a\n: b\n", 0, "{a='b'}"},
    {"\"<<\": a\n", 0, "{<<='a'}"},
};

static void test_good(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof goods / sizeof *goods; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct fxi_document *document = fxi_yaml_read_text("f", goods[i].text, strlen(goods[i].text), &err);
        if (!document)
            fail_msg("case %zu: %s: %u:%u: %s", i, goods[i].text, err.line, err.column, err.message);
        struct fxi_str tree = {0};
        describe(&tree, document->root, goods[i].with_places);
        assert_string_equal(tree.data, goods[i].tree);
        fxi_str_fini(&tree);
        fxi_document_free(document);
    }
}

static void test_key_places(void **state)
{
    (void)state;
    static const char text[] = "a: 1\nb:\n  - c:  2\n    \"d\": 3\n";
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("f", text, strlen(text), &err);
    assert_non_null(document);
    const struct fxi_node *d = fxi_node_get(fxi_node_get(document->root, "b")->children, "d");
    assert_int_equal(d->key_line, 4);
    assert_int_equal(d->key_column, 5);
    assert_int_equal(d->column, 10);
    assert_null(fxi_node_get(document->root, "c"));
    fxi_document_free(document);
}

/* Nesting of `depth` lists below the root map, in flow or block style. */
static void nested_text(struct fxi_str *text, unsigned depth, const char *open)
{
    fxi_str_puts(text, "a: ");
    if (*open == '-')
        fxi_str_puts(text, "\n");
    for (unsigned i = 0; i < depth; i++)
        fxi_str_puts(text, open);
    fxi_str_puts(text, "x");
    for (unsigned i = 0; *open == '[' && i < depth; i++)
        fxi_str_puts(text, "]");
    fxi_str_puts(text, "\n");
}

static int nested_reads(unsigned depth, const char *open, struct fx_error *err)
{
    struct fxi_str text = {0};
    nested_text(&text, depth, open);
    struct fxi_document *document = fxi_yaml_read_text("f", text.data, text.size, err);
    fxi_str_fini(&text);
    fxi_document_free(document);
    return document != NULL;
}

static void test_depth(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    assert_true(nested_reads(31, "[", &err));
    assert_true(nested_reads(31, "- ", &err));
    assert_false(nested_reads(32, "[", &err));
    assert_non_null(strstr(err.message, "nested too deeply"));
    assert_int_equal(err.line, 1);
    assert_int_equal(err.column, 4 + 31);
    assert_false(nested_reads(32, "- ", &err));
    assert_int_equal(err.line, 2);
    assert_false(nested_reads(100000, "[", &err));
    assert_non_null(strstr(err.message, "nested too deeply"));
}

static void test_key_length(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    char text[256];
    memset(text, 'k', sizeof text);
    memcpy(text + 200, ": 1\n", 5);
    struct fxi_document *document = fxi_yaml_read_text("f", text, strlen(text), &err);
    assert_non_null(document);
    fxi_document_free(document);
    memcpy(text + 200, "k: 1\n", 6);
    assert_null(fxi_yaml_read_text("f", text, strlen(text), &err));
    assert_non_null(strstr(err.message, "longer than 200"));
}

static void test_nul_byte(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    assert_null(fxi_yaml_read_text("f", "a: 1\nb: \0x\n", 11, &err));
    assert_non_null(strstr(err.message, "control character (byte 0x00)"));
    assert_int_equal(err.line, 2);
    assert_int_equal(err.column, 4);
}

/* A file of size bytes: one key, followed by a comment of spaces. */
static void sized_file(char path[], size_t size)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("a: 1 #", file);
    for (size_t i = 6; i < size; i++)
        fputc(' ', file);
    assert_int_equal(fclose(file), 0);
}

static void test_file_size(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    char whole[] = "/tmp/test_yaml.XXXXXX", larger[] = "/tmp/test_yaml.XXXXXX";
    sized_file(whole, 1024 * 1024);
    sized_file(larger, 1024 * 1024 + 1);
    struct fxi_document *document = fxi_yaml_read_file(whole, &err);
    assert_non_null(document);
    assert_string_equal(document->file, whole);
    assert_string_equal(fxi_node_get(document->root, "a")->text, "1");
    fxi_document_free(document);
    assert_null(fxi_yaml_read_file(larger, &err));
    assert_non_null(strstr(err.message, "larger than 1 MiB"));
    assert_string_equal(err.file, larger);
    unlink(whole);
    unlink(larger);
}

static void test_file_missing(void **state)
{
    (void)state;
    struct fx_error err = FX_ERROR_INIT;
    assert_null(fxi_yaml_read_file("/nowhere/at/all.yaml", &err));
    assert_int_equal(err.code, FX_EIO);
    assert_string_equal(err.file, "/nowhere/at/all.yaml");
    assert_int_equal(err.line, 0);
    assert_non_null(strstr(err.message, "No such file"));
    assert_null(fxi_yaml_read_file("/", &err));
    assert_non_null(strstr(err.message, "it is a folder, not a regular file"));
}

/* In values of every style, never in keys; and not in files of plugins, whose texts have meanings of their own. */
static void test_variables(void **state)
{
    (void)state;
    static const char text[] =
        "a: ${FX_TEST_SET}\nb: \"x-${FX_TEST_SET}-${FX_TEST_SET}\"\nc: '${FX_TEST_UNSET:-de fault}'\n"
        "d: ${FX_TEST_EMPTY:-y}\ne: $${FX_TEST_SET}\nf: $$a$ ^b$\ng: ${FX_TEST_UNSET:-}\n"
        "h: ${FX_TEST_EMPTY}\ni: |\n  ${FX_TEST_SET}\n\"${FX_TEST_SET}\": k\n";
    static const char *const wanted[] = {
        "v{}$", "a", "x-v{}$-v{}$", "b", "de fault", "c",      "y", "d", "${FX_TEST_SET}", "e", "$$a$ ^b$",
        "f",    "",  "g",           "",  "h",        "v{}$\n", "i", "k", "${FX_TEST_SET}"};
    setenv("FX_TEST_SET", "v{}$", 1);
    setenv("FX_TEST_EMPTY", "", 1);
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("test", text, sizeof text - 1, &err);
    assert_non_null(document);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i += 2) {
        const struct fxi_node *node = fxi_node_get(document->root, wanted[i + 1]);
        assert_non_null(node);
        assert_string_equal(node->text, wanted[i]);
        assert_false(node->is_null);
    }
    fxi_document_free(document);
    document = fxi_yaml_read_part("test", "a: ${FX_TEST_SET}\n", 18, &err);
    assert_non_null(document);
    assert_string_equal(fxi_node_get(document->root, "a")->text, "${FX_TEST_SET}");
    fxi_document_free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bad),        cmocka_unit_test(test_variables), cmocka_unit_test(test_good),
        cmocka_unit_test(test_key_places), cmocka_unit_test(test_depth),     cmocka_unit_test(test_key_length),
        cmocka_unit_test(test_nul_byte),   cmocka_unit_test(test_file_size), cmocka_unit_test(test_file_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
