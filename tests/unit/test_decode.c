/* The decoding of single records, with every way of scanning and at every distance from the payload's end. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/decoder.h"

#define MAX_DEPTH 4

/* u, s, d and t claim the same member with each of the types; n is nested. */
static const struct fxi_field fields[] = {
    {"v", FX_UNSIGNED, 0, 0, 0}, {"v", FX_SIGNED, 0, 0, 0},   {"v", FX_DOUBLE, 0, 0, 0}, {"v", FX_TEXT, 0, 0, 0},
    {"o.n", FX_TEXT, 0, 0, 0},   {"o\\.n", FX_TEXT, 0, 0, 0}, {"c", FX_TEXT, 1, 0, 0}};
enum { AS_UNSIGNED, AS_SIGNED, AS_DOUBLE, AS_TEXT, NESTED, DOTTED, COMPUTED, FIELD_COUNT };

static struct fxi_decoder *new_decoder(const struct fxi_field *own, size_t count, int scan)
{
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_decoder *decoder = fxi_decoder_new(own, count, MAX_DEPTH, &err);
    assert_string_equal(err.message, "");
    assert_non_null(decoder);
    if (fxi_decoder_set_scan(decoder, (enum fxi_scan)scan) == 0)
        return decoder;
    fxi_decoder_free(decoder);
    return NULL;
}

/*
 * Decodes the record alone, and with much white space behind it, which takes another path through the decoder. check
 * gets the row. Each record is decoded twice: the second time the decoder has learnt everything.
 */
static void decode_all_ways(const struct fxi_field *own, size_t count, const char *record, enum fxi_decode expected,
                            void (*check)(const struct fx_value *row, const void *arg), const void *arg)
{
    struct fx_value row[FIELD_COUNT];
    struct fxi_arena arena;
    fxi_arena_init(&arena, 1 << 20);
    for (int i = 0; i < FXI_SCAN_COUNT * 4; i++) {
        struct fxi_decoder *decoder = new_decoder(own, count, i / 4);
        if (!decoder)
            continue;
        size_t size = strlen(record), room = i & 1 ? 200 : 0;
        char *payload = malloc(size + room);
        memcpy(payload, record, size);
        memset(payload + size, '\n', room);
        for (int again = 0; again <= (i & 2); again++) {
            const char *at = payload, *where = NULL;
            enum fxi_decode got = fxi_decoder_next(decoder, &at, payload + size + room, row, &arena, &where);
            if (got != expected && !(got == FXI_DECODE_SYNTAX && expected == FXI_DECODE_TRUNCATED && room))
                fail_msg("%s: %s, not %s (way %d)", record, fxi_decode_name(got), fxi_decode_name(expected), i);
            if (got == FXI_DECODE_RECORD)
                check(row, arg);
            else
                assert_in_range((uintptr_t)where, (uintptr_t)payload, (uintptr_t)payload + size + room);
        }
        free(payload);
        fxi_decoder_free(decoder);
    }
    fxi_arena_fini(&arena);
}

static void is_unsigned(const struct fx_value *row, const void *arg)
{
    assert_int_equal(row[0].type, FX_UNSIGNED);
    assert_true(row[0].u == *(const uint64_t *)arg);
}

static void is_signed(const struct fx_value *row, const void *arg)
{
    assert_int_equal(row[0].type, FX_SIGNED);
    assert_true(row[0].i == *(const int64_t *)arg);
}

static void is_double(const struct fx_value *row, const void *arg)
{
    assert_int_equal(row[0].type, FX_DOUBLE);
    assert_memory_equal(&row[0].d, arg, sizeof(double));
}

struct text {
    const char *bytes; /* NULL: FX_NULL */
    size_t size;
};

static void is_text(const struct fx_value *row, const void *arg)
{
    const struct text *text = arg;
    assert_int_equal(row[0].type, text->bytes ? FX_TEXT : FX_NULL);
    if (!text->bytes)
        return;
    assert_int_equal(row[0].size, text->size);
    assert_memory_equal(row[0].text, text->bytes, text->size);
}

/* {"v": VALUE}, claimed as the field says. */
static void decode_value(int field, const char *value, enum fxi_decode expected,
                         void (*check)(const struct fx_value *row, const void *arg), const void *arg)
{
    char record[512];
    assert_true((size_t)snprintf(record, sizeof record, "{\"v\": %s}", value) < sizeof record);
    decode_all_ways(&fields[field], 1, record, expected, check, arg);
}

static void unsigned_values(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        uint64_t value;
    } good[] = {{"0", 0},
                {"-0", 0},
                {"-0.0e5", 0},
                {"7", 7},
                {"10318", 10318},
                {"12345678", 12345678},
                {"123456789", 123456789},
                {"123456789012345", 123456789012345},
                {"1234567890123456", 1234567890123456},
                {"12345678901234567", 12345678901234567},
                {"18446744073709551615", UINT64_MAX},
                {"1844674407370955161500e-2", UINT64_MAX},
                {"18446744073709551.615e3", UINT64_MAX},
                {"1.0", 1},
                {"1e3", 1000},
                {"1E+3", 1000},
                {"1000e-3", 1},
                {"0e999999999999999999999999", 0},
                {"0.000000000000000000000000000000000001e36", 1},
                {"\"10318\"", 10318},
                {"\"1683632885.000000\"", 1683632885},
                {"\"\\u0031\\u0030\"", 10}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        decode_value(AS_UNSIGNED, good[i].text, FXI_DECODE_RECORD, is_unsigned, &good[i].value);
    static const char *const range[] = {"-1",
                                        "1.5",
                                        "\"1683632885.000001\"",
                                        "18446744073709551616",
                                        "1e20",
                                        "1e-1",
                                        "1e99999999999999999999999999",
                                        "1e-99999999999999999999999999",
                                        "99999999999999999999999999999999999999999999"};
    for (size_t i = 0; i < sizeof range / sizeof *range; i++)
        decode_value(AS_UNSIGNED, range[i], FXI_DECODE_RANGE, NULL, NULL);
}

static void signed_values(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"-1", -1},
                {"-0", 0},
                {"42", 42},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"\"-12.50e1\"", -125}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        decode_value(AS_SIGNED, good[i].text, FXI_DECODE_RECORD, is_signed, &good[i].value);
    decode_value(AS_SIGNED, "9223372036854775808", FXI_DECODE_RANGE, NULL, NULL);
    decode_value(AS_SIGNED, "-9223372036854775809", FXI_DECODE_RANGE, NULL, NULL);
}

static void double_values(void **unused)
{
    (void)unused;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0.0},
                {"-0", -0.0},
                {"1.5", 1.5},
                {"0.1", 0.1},
                {"-1e22", -1e22},
                {"1e23", 1e23},
                {"123456789012345678901234567890", 123456789012345678901234567890.0},
                {"9007199254740993", 9007199254740992.0},
                {"9007199254740993.00000000000000000000000000000001", 9007199254740994.0},
                {"2.2250738585072011e-308", 2.2250738585072011e-308},
                {"1.7976931348623157e308", 1.7976931348623157e308},
                {"1e-400", 0.0},
                {"\"663.25\"", 663.25}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        decode_value(AS_DOUBLE, good[i].text, FXI_DECODE_RECORD, is_double, &good[i].value);
    decode_value(AS_DOUBLE, "1e400", FXI_DECODE_RANGE, NULL, NULL);
}

static void values_that_are_no_numbers(void **unused)
{
    (void)unused;
    static const char *const type[] = {"true",    "\"abc\"", "\"\"",         "{}",     "[]",       "[1]",
                                       "\"1 \"",  "\" 1\"",  "\"+1\"",       "\"01\"", "\"1.\"",   "\"0x10\"",
                                       "\"nan\"", "\"1e\"",  "\"1\\u0000\"", "\"-\"",  "\"12,5\"", "{\"v\": 1}"};
    for (size_t i = 0; i < sizeof type / sizeof *type; i++)
        for (int field = AS_UNSIGNED; field <= AS_DOUBLE; field++)
            decode_value(field, type[i], FXI_DECODE_TYPE, NULL, NULL);
    static const struct text null = {NULL, 0};
    for (int field = AS_UNSIGNED; field <= AS_TEXT; field++)
        decode_value(field, "null", FXI_DECODE_RECORD, is_text, &null);
}

#define TEXT(literal)                                                                                                  \
    {                                                                                                                  \
        literal, sizeof(literal) - 1                                                                                   \
    }

static void text_values(void **unused)
{
    (void)unused;
    static const struct {
        const char *value;
        struct text text;
    } cases[] = {
        {"\"\"", TEXT("")},
        {"\"border\"", TEXT("border")},
        {"\"0123456789012345678901234567890\"", TEXT("0123456789012345678901234567890")},
        {"\"01234567890123456789012345678901\"", TEXT("01234567890123456789012345678901")},
        {"\"012345678901234567890123456789012\"", TEXT("012345678901234567890123456789012")},
        {"\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98 \x7f\"", TEXT("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x98 \x7f")},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t")},
        {"\"a\\u00e9\\u20AC\\ud83d\\udc18z\"", TEXT("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\x98z")},
        {"\"x\\u0000y\"", TEXT("x\0y")},
        {"\"\\ud800\"", TEXT("\xef\xbf\xbd")},
        {"\"\\ud837\\udc18\"", TEXT("\xf0\x9d\xb0\x98")}, /* its lower half is a surrogate's number */
        {"\"\\udc18\\ud83d\"", TEXT("\xef\xbf\xbd\xef\xbf\xbd")},
        {"\"\\ud800\\u0041\"", TEXT("\xef\xbf\xbd"
                                    "A")},
        {"\"\\ud800\\ud83d\\udc18\"", TEXT("\xef\xbf\xbd\xf0\x9f\x90\x98")},
        {"10318", TEXT("10318")},
        {"-0.50E+3", TEXT("-0.50E+3")},
        {"12345678901234567890123", TEXT("12345678901234567890123")},
        {"true", TEXT("true")},
        {"false", TEXT("false")},
        {"null", {NULL, 0}},
        {"{\"v\": 1}", TEXT("1")}, /* the joined elements of an object or list */
        {"[\"v\"]", TEXT("v")}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        decode_value(AS_TEXT, cases[i].value, FXI_DECODE_RECORD, is_text, &cases[i].text);
}

static void members_and_paths(void **unused)
{
    (void)unused;
    static const struct {
        int field;
        const char *record;
        struct text text;
    } cases[] = {{AS_TEXT, "{}", {NULL, 0}},
                 {AS_TEXT, " { \t\"v\" \r\n : \n \"x\" } ", TEXT("x")},
                 {AS_TEXT, "{\"V\": 1, \"vv\": 2, \"\": 3}", {NULL, 0}},
                 {AS_TEXT, "{\"\\u0076\": \"x\"}", TEXT("x")},
                 {AS_TEXT, "{\"\\u0076v\": \"x\"}", {NULL, 0}},
                 {AS_TEXT, "{\"a\": [1, {\"v\": 2}, [[]]], \"v\": \"x\"}", TEXT("x")},
                 {AS_TEXT, "{\"a\": {\"v\": 2}}", {NULL, 0}},
                 {AS_TEXT, "{\"a member with a name that is longer than glue\": 1, \"v\": \"x\"}", TEXT("x")},
                 {AS_TEXT, "{\"v\": 1, \"v\": \"x\"}", TEXT("x")},
                 {AS_TEXT, "{\"v\": 1, \"v\": null}", {NULL, 0}},
                 {NESTED, "{\"o\": {\"n\": \"x\"}}", TEXT("x")},
                 {NESTED, "{\"o\": {\"m\": {\"n\": 1}, \"n\": \"x\", \"q\": 2}, \"n\": 3}", TEXT("x")},
                 {NESTED, "{\"n\": 1, \"o.n\": 2}", {NULL, 0}},
                 {NESTED, "{\"o\": [{\"n\": 1}]}", {NULL, 0}},
                 {NESTED, "{\"o\": {\"n\": 1}, \"o\": 2}", {NULL, 0}},
                 {NESTED, "{\"o\": {\"n\": 1}, \"o\": {}}", {NULL, 0}},
                 {NESTED, "{\"o\": {\"n\": 1}, \"o\": []}", {NULL, 0}},
                 {NESTED, "{\"o\": 2, \"o\": {\"n\": \"x\"}}", TEXT("x")},
                 {DOTTED, "{\"o.n\": \"x\", \"o\": {\"n\": 2}}", TEXT("x")},
                 {COMPUTED, "{\"c\": \"x\"}", {NULL, 0}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        decode_all_ways(&fields[cases[i].field], 1, cases[i].record, FXI_DECODE_RECORD, is_text, &cases[i].text);
}

/* Only the last duplicate of a member is judged. A value that a later one replaces rejects nothing. */
static void overridden_faults(void **unused)
{
    (void)unused;
    static const uint64_t one = 1;
    decode_all_ways(fields, 1, "{\"v\": \"abc\", \"v\": 1}", FXI_DECODE_RECORD, is_unsigned, &one);
    decode_all_ways(fields, 1, "{\"v\": -1, \"v\": 1}", FXI_DECODE_RECORD, is_unsigned, &one);
    decode_all_ways(fields, 1, "{\"v\": 1, \"v\": \"abc\"}", FXI_DECODE_TYPE, NULL, NULL);
}

static void all_types_of_one_member(const struct fx_value *row, const void *arg)
{
    (void)arg;
    assert_true(row[AS_UNSIGNED].type == FX_UNSIGNED && row[AS_UNSIGNED].u == 5);
    assert_true(row[AS_SIGNED].type == FX_SIGNED && row[AS_SIGNED].i == 5);
    assert_true(row[AS_DOUBLE].type == FX_DOUBLE && row[AS_DOUBLE].d == 5.0);
    assert_true(row[AS_TEXT].type == FX_TEXT && row[AS_TEXT].size == 1 && *row[AS_TEXT].text == '5');
    assert_true(row[NESTED].type == FX_TEXT && row[DOTTED].type == FX_NULL && row[COMPUTED].type == FX_NULL);
}

static void several_claims(void **unused)
{
    (void)unused;
    decode_all_ways(fields, FIELD_COUNT, "{\"v\": 5, \"o\": {\"n\": true}, \"c\": 1}", FXI_DECODE_RECORD,
                    all_types_of_one_member, NULL);
}

static void malformed_records(void **unused)
{
    (void)unused;
    static const struct {
        const char *record;
        enum fxi_decode reason;
    } cases[] = {{"{\"v\": NaN}", FXI_DECODE_SYNTAX},
                 {"{'v': 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 'x'}", FXI_DECODE_SYNTAX},
                 {"{v: 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 01}", FXI_DECODE_SYNTAX},
                 {"{\"v\": +1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": .5}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1.}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1.e1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1e}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1e+}", FXI_DECODE_SYNTAX},
                 {"{\"v\": -}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 0x10}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1 2}", FXI_DECODE_SYNTAX},
                 {"{\"v\": True}", FXI_DECODE_SYNTAX},
                 {"{\"v\": nul}", FXI_DECODE_SYNTAX},
                 {"{\"v\": truex}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1,}", FXI_DECODE_SYNTAX},
                 {"{,\"v\": 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1,, \"w\": 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\" 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\":}", FXI_DECODE_SYNTAX},
                 {"{\"v\": [1,]}", FXI_DECODE_SYNTAX},
                 {"{\"v\": [,1]}", FXI_DECODE_SYNTAX},
                 {"{\"v\": [1}}", FXI_DECODE_SYNTAX},
                 {"{\"v\": {]}", FXI_DECODE_SYNTAX},
                 {"{\"v\": /* x */ 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": \"\\x\"}", FXI_DECODE_SYNTAX},
                 {"{\"v\": \"\\u12g4\"}", FXI_DECODE_SYNTAX},
                 {"{\"v\": \"a\tb\"}", FXI_DECODE_SYNTAX},
                 {"{\"v\": \"a\nb\"}", FXI_DECODE_SYNTAX},
                 {"{\"a\x01\": 1}", FXI_DECODE_SYNTAX},
                 {"{\"v\": 1", FXI_DECODE_TRUNCATED},
                 {"{\"v\": \"abc", FXI_DECODE_TRUNCATED},
                 {"{", FXI_DECODE_TRUNCATED},
                 {"{\"v\": \"\x80\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xc0\x80\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xc1\xbf\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xe0\x9f\xbf\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xed\xa0\x80\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xf0\x8f\xbf\xbf\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xf4\x90\x80\x80\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xf5\x80\x80\x80\"}", FXI_DECODE_ENCODING},
                 {"{\"v\": \"\xc3\"}", FXI_DECODE_ENCODING},
                 {"{\"\xff\": 1}", FXI_DECODE_ENCODING},
                 {"{\"a\": \"0123456789012345678901234567890123456789\xff\"}", FXI_DECODE_ENCODING},
                 {"{\"a\": [[[0]]]}", FXI_DECODE_RECORD},
                 {"{\"a\": [[[[0]]]]}", FXI_DECODE_DEPTH},
                 {"{\"a\": {\"a\": {\"a\": {\"a\": {}}}}}", FXI_DECODE_DEPTH},
                 {"\"v\"", FXI_DECODE_NOT_OBJECT},
                 {"1", FXI_DECODE_NOT_OBJECT},
                 {"null", FXI_DECODE_NOT_OBJECT},
                 {"}", FXI_DECODE_SYNTAX},
                 {"{} x", FXI_DECODE_TRAILING},
                 {"{}{}", FXI_DECODE_TRAILING},
                 {"{},", FXI_DECODE_TRAILING}};
    static const struct text null = {NULL, 0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        decode_all_ways(&fields[COMPUTED], 1, cases[i].record, cases[i].reason, is_text, &null);
}

static void bad_schemas(void **unused)
{
    (void)unused;
    static const char *const paths[] = {"", ".", "a.", ".a", "a..b", "a\\b", "a\\"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct fxi_field field = {paths[i], FX_TEXT, 0, 0, 0};
        assert_null(fxi_decoder_new(&field, 1, MAX_DEPTH, &err));
        assert_int_equal(err.code, FX_EINVAL);
    }
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_field late = {"a", FX_LATE, 0, 0, 0};
    assert_null(fxi_decoder_new(&late, 1, MAX_DEPTH, &err));
    assert_null(fxi_decoder_new(fields, 1, 0, &err));
    assert_null(fxi_decoder_new(fields, 1, FXI_DECODE_MAX_DEPTH + 1, &err));
    assert_int_equal(err.code, FX_EINVAL);
}

/* An arena that is too small is the caller's mistake, but causes no crash. */
static void arena_too_small(void **unused)
{
    (void)unused;
    struct fxi_arena arena;
    fxi_arena_init(&arena, 2);
    struct fxi_decoder *decoder = new_decoder(&fields[AS_TEXT], 1, FXI_SCAN_PORTABLE);
    const char record[] = "{\"v\": \"a\\nb\"}";
    const char *at = record;
    struct fx_value row;
    assert_int_equal(fxi_decoder_next(decoder, &at, record + sizeof record - 1, &row, &arena, NULL), FXI_DECODE_RANGE);
    assert_ptr_equal(at, record + sizeof record - 1);
    fxi_decoder_free(decoder);
    fxi_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_values),   cmocka_unit_test(signed_values),
        cmocka_unit_test(double_values),     cmocka_unit_test(values_that_are_no_numbers),
        cmocka_unit_test(text_values),       cmocka_unit_test(members_and_paths),
        cmocka_unit_test(overridden_faults), cmocka_unit_test(several_claims),
        cmocka_unit_test(malformed_records), cmocka_unit_test(bad_schemas),
        cmocka_unit_test(arena_too_small)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
