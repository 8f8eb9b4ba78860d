/*
 * The decoder against RFC 8259 and json-c, on random records that are then damaged. The test prints its seed.
 * FX_TEST_SEED sets the seed, and FX_TEST_CASES the number of payloads.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tests/unit/decode_check.h"
#include "util/alloc.h"
#include "util/str.h"

#define DEFAULT_CASES 60000

static const struct fxi_field fields[] = {
    {"as_src", FX_UNSIGNED, 0, 0, 0},  {"as_dst", FX_SIGNED, 0, 0, 0},
    {"bytes", FX_DOUBLE, 0, 0, 0},     {"bytes", FX_TEXT, 0, 0, 0},
    {"name", FX_TEXT, 1, 0, 0},        {"label.nkey", FX_TEXT, 0, 0, 0},
    {"label", FX_TEXT, 0, 0, 0},       {"label.x.y", FX_UNSIGNED, 0, 0, 0},
    {"peer_ip_src", FX_TEXT, 0, 0, 0}, {"timestamp_start_of_a_flow", FX_UNSIGNED, 0, 0, 0},
    {"label.0", FX_TEXT, 0, 0, 0},     {"label.-1", FX_TEXT, 0, 0, 0},
    {"ip_src.1.x", FX_TEXT, 0, 0, 0},  {"label.-2.0", FX_UNSIGNED, 0, 0, 0}};
#define FIELD_COUNT (sizeof fields / sizeof *fields)
#define MAX_DEPTH   6

static uint64_t state;

static uint32_t below(uint32_t bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 16) % bound);
}

#define PICK(list) ((list)[below(sizeof(list) / sizeof *(list))])

static void add_space(struct fxi_str *s)
{
    static const char *const spaces[] = {"", "", "", "", " ", " ", "  ", "\n", "\t", "\r\n  "};
    fxi_str_puts(s, PICK(spaces));
}

static void add_number(struct fxi_str *s)
{
    static const char *const numbers[] = {"0",
                                          "-0",
                                          "1",
                                          "10318",
                                          "4294967295",
                                          "18446744073709551615",
                                          "18446744073709551616",
                                          "9223372036854775807",
                                          "-9223372036854775808",
                                          "9223372036854775808",
                                          "-9223372036854775809",
                                          "1.0",
                                          "1e3",
                                          "1.5E-1",
                                          "1e-3",
                                          "1683632885.000000",
                                          "1683632885.000001",
                                          "0e99999999999999999999",
                                          "1e400",
                                          "1e-400",
                                          "-1",
                                          "123456789012345678",
                                          "0.1e1",
                                          "100e-2",
                                          "2.2250738585072011e-308",
                                          "9007199254740993",
                                          "1.7976931348623159e308"};
    if (below(3))
        fxi_str_puts(s, PICK(numbers));
    else
        fxi_str_printf(s, "%u", below(2) ? below(100000) : below(4000000000U));
}

static void add_string(struct fxi_str *s)
{
    static const char *const pieces[] = {"purge",
                                         "10.1.2.3",
                                         "2023-05-09 12:34:56.000000",
                                         "\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x90\x98",
                                         "\\n",
                                         "\\u00e9",
                                         "\\ud83d\\udc18",
                                         "\\ud800",
                                         "\\uDFFF",
                                         "\\uDBFF\\u0041",
                                         "\\\"",
                                         "\\/",
                                         "\\u0000",
                                         "x",
                                         "'",
                                         "{",
                                         "}",
                                         ",",
                                         ":",
                                         "[",
                                         "]",
                                         "\x7f",
                                         "~"};
    fxi_str_puts(s, "\"");
    if (!below(3))
        add_number(s);
    else
        for (uint32_t n = below(5); n; n--)
            fxi_str_puts(s, PICK(pieces));
    fxi_str_puts(s, "\"");
}

static void add_value(struct fxi_str *s, unsigned depth);

static void add_name(struct fxi_str *s)
{
    static const char *const names[] = {"as_src",
                                        "as_dst",
                                        "bytes",
                                        "label",
                                        "nkey",
                                        "x",
                                        "y",
                                        "peer_ip_src",
                                        "tag",
                                        "event_type",
                                        "ip_src",
                                        "as_srd",
                                        "xs_src",
                                        "bytez",
                                        "as\\u005fsrc",
                                        "l\\u0061bel",
                                        "",
                                        "a.b",
                                        "timestamp_start_of_a_flow",
                                        "timestamp_start_of_a_flox",
                                        "a very long name that no glue can hold \xc3\xa9"};
    fxi_str_puts(s, "\"");
    fxi_str_puts(s, PICK(names));
    fxi_str_puts(s, "\"");
}

static void add_members(struct fxi_str *s, unsigned depth, bool is_object)
{
    fxi_str_puts(s, is_object ? "{" : "[");
    add_space(s);
    for (uint32_t n = below(8), i = 0; i < n; i++) {
        if (i) {
            fxi_str_puts(s, ",");
            add_space(s);
        }
        if (is_object) {
            add_name(s);
            fxi_str_puts(s, below(4) ? ": " : ":");
        }
        add_value(s, depth);
        add_space(s);
    }
    fxi_str_puts(s, is_object ? "}" : "]");
}

static void add_value(struct fxi_str *s, unsigned depth)
{
    static const char *const words[] = {"true", "false", "null"};
    uint32_t kind = below(12);
    if (kind < 5)
        add_number(s);
    else if (kind < 9)
        add_string(s);
    else if (kind < 10 || depth >= MAX_DEPTH + 1)
        fxi_str_puts(s, PICK(words));
    else
        add_members(s, depth + 1, kind == 10);
}

/* The output of a real collector: the same members in the same order. */
static void add_flow(struct fxi_str *s)
{
    fxi_str_printf(s, "{\"event_type\": \"purge\", \"label\": {\"nkey\": \"%u.1\", \"pkey\": \"t\"}, \"as_src\": %u, ",
                   below(300), below(500000));
    if (below(4))
        fxi_str_printf(s, "\"as_dst\": %u, ", below(70000));
    fxi_str_printf(s, "\"peer_ip_src\": \"10.0.0.%u\", \"timestamp_start_of_a_flow\": \"%u.000000\", ", below(256),
                   below(2000000000));
    fxi_str_printf(s, "\"packets\": %u, \"bytes\": %u}", below(1000), below(1000000));
}

static void damage(struct fxi_str *s)
{
    static const char bytes[] =
        "\"\\{}[],:0123456789-+.eEtfn \n\t\r\0\x01\x1f\x7f\x80\xbf\xc0\xc3\xe0\xed\xf0\xf4\xff'/N";
    uint32_t at = below((uint32_t)s->size);
    switch (below(4)) {
    case 0:
        s->data[at] = PICK(bytes);
        break;
    case 1:
        s->data[at] = (char)(s->data[at] ^ (1 << below(8)));
        break;
    case 2: /* cut out */
        memmove(s->data + at, s->data + at + 1, s->size - at - 1);
        s->size--;
        break;
    default: /* cut off */
        s->size = at;
    }
}

/* A list of records, as producers write it or as none does. */
static void add_list(struct fxi_str *s, unsigned depth)
{
    static const char *const separators[] = {",", ",", ",", ", ", ",\n", " , ", "\n", ",\r\n"};
    const char *separator = PICK(separators);
    fxi_str_puts(s, below(2) ? "[" : "[\n");
    for (uint32_t n = below(6), i = 0; i < n; i++) {
        if (i)
            fxi_str_puts(s, separator);
        uint32_t kind = below(12);
        if (kind < 7)
            add_flow(s);
        else if (kind < 9)
            add_members(s, 1, true);
        else if (kind < 10 && depth < 3)
            add_list(s, depth + 1);
        else
            add_value(s, 1);
    }
    fxi_str_puts(s, below(8) ? "]" : below(2) ? "\n]" : ",]");
}

static void add_payload(struct fxi_str *s)
{
    if (!below(20))
        fxi_str_puts(s, "\xef\xbb\xbf");
    for (uint32_t n = 1 + below(4); n; n--) {
        if (!below(3))
            add_list(s, 1);
        else if (below(2))
            add_flow(s);
        else
            add_members(s, 1, true);
        fxi_str_puts(s, below(8) ? "\n" : below(2) ? " \r\n\n" : "");
    }
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void same_as_the_oracles(void **unused)
{
    (void)unused;
    uint64_t seed = number_from_environment("FX_TEST_SEED", (uint64_t)time(NULL));
    uint64_t cases = number_from_environment("FX_TEST_CASES", DEFAULT_CASES);
    printf("seed %llu\n", (unsigned long long)seed);
    state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    struct decode_checker *checker = decode_checker_new(fields, FIELD_COUNT, MAX_DEPTH);
    struct fxi_str payload = {0};
    for (uint64_t i = 0; i < cases; i++) {
        fxi_str_clear(&payload);
        add_payload(&payload);
        for (uint32_t n = below(4); n && payload.size; n--)
            damage(&payload);
        if (!decode_check(checker, payload.data, payload.size))
            fail_msg("case %llu of seed %llu", (unsigned long long)i, (unsigned long long)seed);
    }
    assert_true(decode_checker_accepted(checker) > cases / 4);
    assert_true(decode_checker_rejected(checker) > cases / 4);
    fxi_str_fini(&payload);
    decode_checker_free(checker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_the_oracles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
