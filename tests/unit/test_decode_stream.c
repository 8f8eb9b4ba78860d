/* How the decoder goes through a payload: from record to record, past malformed ones, and never beyond the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "decode/decoder.h"
#include "tests/unit/decode_check.h"

static const struct fxi_field fields[] = {{"as_src", FX_UNSIGNED, 0, 0, 0},
                                          {"as_dst", FX_UNSIGNED, 0, 0, 0},
                                          {"bytes", FX_UNSIGNED, 0, 0, 0},
                                          {"label.nkey", FX_TEXT, 0, 0, 0},
                                          {"peer_ip_src", FX_TEXT, 0, 0, 0}};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

static const char flow[] = "{\"event_type\": \"purge\", \"label\": {\"nkey\": \"100.1\", \"pkey\": \"t\\u00e9st\"}, "
                           "\"as_src\": 10318, \"as_dst\": \"397143\", \"comms\": \"\", \"peer_ip_src\": "
                           "\"caf\xc3\xa9.example\", \"flags\": [1, -2.5e-3, true, null], "
                           "\"stamp_inserted\": \"2023-05-09 12:34:56.000000\", \"packets\": 9, \"bytes\": 663}";

/* Decodes a payload of several lines. The text has a reason for each fault, and v for each record. */
static void assert_lines(const char *payload, size_t size, const char *expected)
{
    static const struct fxi_field one[] = {{"v", FX_UNSIGNED, 0, 0, 0}};
    char got[512];
    size_t used = 0;
    struct fxi_decoder *decoder = fxi_decoder_new(one, 1, 8, NULL);
    struct fxi_arena arena;
    fxi_arena_init(&arena, 1 << 16);
    const char *at = payload, *before = NULL;
    for (;;) {
        struct fx_value row[1];
        assert_true(at != before || at == payload + size);
        before = at;
        enum fxi_decode decode = fxi_decoder_next(decoder, &at, payload + size, row, &arena, NULL);
        if (decode == FXI_DECODE_END)
            break;
        if (decode == FXI_DECODE_RECORD)
            used += (size_t)snprintf(got + used, sizeof got - used, "%llu ", (unsigned long long)row[0].u);
        else
            used += (size_t)snprintf(got + used, sizeof got - used, "%s ", fxi_decode_name(decode));
        assert_true(used < sizeof got);
    }
    got[used] = '\0';
    assert_string_equal(got, expected);
    fxi_arena_fini(&arena);
    fxi_decoder_free(decoder);
}

#define LINES(payload, expected) assert_lines(payload, sizeof(payload) - 1, expected)

static void records_and_their_faults(void **unused)
{
    (void)unused;
    LINES("", "");
    LINES(" \n\r\n\t\n", "");
    LINES("{\"v\": 1}", "1 ");
    LINES("{\"v\": 1}\n{\"v\": 2}\n", "1 2 ");
    LINES("\n {\"v\": 1} \r\n\n\t{\"v\": 2} \t\r\n \n", "1 2 ");
    LINES("{\n\"v\":\n1\n}\n{\"v\": 2}", "1 2 ");
    /* A line that is cut costs only itself. */
    LINES("{\"v\": 1, \"a\n{\"v\": 2}\n", "syntax 2 ");
    LINES("{\"v\": 1, \n{\"v\": 2}\n", "syntax 2 ");
    LINES("{\"v\": \n{\"v\": 2}\n{\"v\": 3}\n", "syntax 2 3 ");
    LINES("{\"v\": 2}\n{\"v\": 3", "2 truncated ");
    LINES("{\"v\": 1} x\n{\"v\": 2}", "trailing 2 ");
    LINES("{\"v\": 1} {\"v\": 2}\n{\"v\": 3}", "trailing 3 ");
    LINES("[1]\nnull\n}\n{\"v\": 2}", "not_object not_object syntax 2 ");
    LINES("{\"v\": \"\xff\"}\n{\"v\": 2}", "encoding 2 ");
    LINES("{\"v\": 1}\n\0\n{\"v\": 2}", "1 syntax 2 ");
    /* Sound JSON with an unusable value is skipped as a whole, even over several lines. */
    LINES("{\"v\": -1,\n\"w\": [\n{\"v\": 5}\n]}\n{\"v\": 2}", "range 2 ");
    LINES("{\n\"v\": {}\n}\n{\"v\": 2}", "type 2 ");
}

static void lists_and_their_faults(void **unused)
{
    (void)unused;
    LINES("[]", "");
    LINES(" [ ] \r\n[\n]\n", "");
    LINES("[{\"v\": 1}]", "1 ");
    LINES("[{\"v\": 1},{\"v\": 2}]\n{\"v\": 3}\n[{\"v\":4}]", "1 2 3 4 ");
    LINES("[\r\n{\"v\": 1},\r\n{\"v\": 2}\r\n]\r\n", "1 2 ");
    LINES("[{\"v\": 1}][{\"v\": 2}] [\n{\"v\": 3}]", "1 2 3 ");
    LINES("[[{\"v\": 1}, {\"v\": 2}], [], [[{\"v\": 3}]], {\"v\": 4}]", "1 2 3 4 ");
    LINES("\xef\xbb\xbf[{\"v\": 1}]\n\xef\xbb\xbf{\"v\": 2}\n", "1 2 ");
    LINES("\xef\xbb[{\"v\": 1}]\n{\"v\": 2}\n", "syntax 2 ");
    /* An unusable value, bad syntax, and an element that is no record: each costs only itself. */
    LINES("[{\"v\": 1}, {\"v\": -1}, {\"v\": 2}]", "1 range 2 ");
    /* A text contains a newline. The brackets after it belong to the lost element, until one ends the list. */
    LINES("[\n{\"v\": 1},\n{\"a\": \"x\n\", \"l\": [\n1, 2\n]\n},\n{\"v\": 2},\n{\"v\": 3}\n]\n{\"v\": 4}\n",
          "1 syntax 2 3 4 ");
    LINES("[\n{\"a\": \"x\n\", \"l\": [\n1, 2\n],\n\"b\": 1},\n{\"v\": 2}\n]\n{\"v\": 4}\n", "syntax 2 4 ");
    LINES("[\n[\n{\"a\": \"x\n\", \"l\": [\n1\n], \"m\": 1\n},\n{\"v\": 2}\n],\n{\"v\": 3}]\n{\"v\": 4}\n",
          "syntax 2 3 4 ");
    LINES("[\n{\"a\": \"x\n\"}\n]\n{\"v\": 4}\n", "syntax 4 ");
    LINES("[{\"v\": 1}, {\"v\": NaN, \"x\": [\"]}\\\"\"]}, {\"v\": 2}]", "1 syntax 2 ");
    LINES("[{\"v\": 1}, {v: 3}, {\"v\": 2}]", "1 syntax 2 ");
    LINES("[{\"v\": 1}, 7, \"]\", null, {\"v\": 2}]", "1 not_object not_object not_object 2 ");
    LINES("[1, 2, 3]\n[\"a\", [1], {\"v\": 2}]", "not_object not_object 2 ");
    LINES("[{\"v\": 1} {\"v\": 9}, {\"v\": 2}]", "trailing 2 ");
    LINES("[{\"v\": 1},, {\"v\": 2}]", "1 syntax 2 ");
    LINES("[, {\"v\": 2}]", "syntax 2 ");
    LINES("[{\"v\": 1}, {\"v\": 2},]\n{\"v\": 3}", "1 2 syntax 3 ");
    LINES("[\n{\"v\": 1},\n{\"v\": 2},\n]\n", "1 2 syntax ");
    LINES("[{\"v\": 1}, {\"v\": \"\xff\"}, {\"v\": 2}]", "1 encoding 2 ");
    LINES("[{\"v\": 1}, {\"v\": [[[[[[[[1]]]]]]]]}, {\"v\": 2}]", "1 depth 2 ");
    LINES("[[[[[[[[[{\"v\": 1}]]]]]]]]]\n{\"v\": 2}", "depth 2 ");
    /* Where brackets and quotes give no hint, lines do. */
    LINES("[\n{\"v\": 1},\n{\"v\": 3, \"x\": \"y\n{\"v\": 2}\n]\n{\"v\": 5}", "1 syntax 2 5 ");
    LINES("[\n{\"v\": 1},\n{\"v\": 3, \"x\":\n{\"v\": 2},\n{\"v\": 4}\n]\n{\"v\": 5}", "1 syntax 2 4 5 ");
    LINES("[\n{\"v\": 1}\n{\"v\": 2}\n]", "1 syntax 2 ");
    LINES("[\n{\"v\": 1}\n{\"v\": 2}\n{\"v\": 3},\n{\"v\": 4}\n", "1 syntax 2 3 4 ");
    LINES("[\n{\"v\": 1},\n{\"v\": 2}\n[\n{\"v\": 3}]\n", "1 2 syntax 3 ");
    LINES("[\n{\"v\": 1} x\n{\"v\": 2}\n]", "trailing 2 ");
    /* Lines among records that begin like a list and are none. */
    LINES("[INFO] begun\n{\"v\": 1}\n[12:00:00] [7] x\n{\"v\": 2}\n", "syntax 1 not_object not_object 2 ");
    LINES("[1, 2\n{\"v\": 1}\n{\"v\": 2}\n[\"x\n{\"v\": 3}\n", "not_object 1 2 not_object 3 ");
    LINES("[\n  {\n    \"v\": 1\n  },\n  {\n    \"v\": tru\n  },\n  {\n    \"v\": 2\n  }\n]", "1 syntax 2 ");
    /* Lists without an end. */
    LINES("[", "truncated ");
    LINES("[{\"v\": 1}", "1 truncated ");
    LINES("[{\"v\": 1},\n", "1 truncated ");
    LINES("[{\"v\": 1},\n{\"v\"", "1 truncated ");
    LINES("[{\"v\": 1}}\n{\"v\": 2}]", "trailing 2 ");
    LINES("[{\"v\": 1}] x\n{\"v\": 2}", "1 trailing 2 ");
    LINES("[{\"v\": 1}] {\"v\": 9}\n{\"v\": 2}", "1 trailing 2 ");
    LINES("{\"v\": 1}, {\"v\": 9}\n]\n{\"v\": 2}", "trailing syntax 2 ");
}

/* A payload in two or three parts gives the same as the whole payload. */
static size_t take_part(struct fxi_decoder *decoder, const char *data, size_t size, enum fxi_part part, char *got,
                        size_t room)
{
    struct fxi_arena arena;
    struct fx_value row[1];
    fxi_arena_init(&arena, 1 << 16);
    char *copy = malloc(size + 1), *end = got + strlen(got);
    memcpy(copy, data, size);
    const char *at = copy;
    fxi_decoder_set_part(decoder, part);
    for (;;) {
        enum fxi_decode decode = fxi_decoder_next(decoder, &at, copy + size, row, &arena, NULL);
        if (decode == FXI_DECODE_END)
            break;
        room -= (size_t)snprintf(end, room, "%s", decode ? fxi_decode_name(decode) : "");
        end = got + strlen(got);
        room -= (size_t)snprintf(end, room, "%llu ", decode ? 0ULL : (unsigned long long)row[0].u);
        end = got + strlen(got);
    }
    size_t taken = (size_t)(at - copy);
    free(copy);
    fxi_arena_fini(&arena);
    return taken;
}

static void in_parts(void **unused)
{
    (void)unused;
    static const char *const payloads[] = {
        "[{\"v\":1},{\"v\":2},\n{\"v\":3}]\n{\"v\":4}\n",
        "\xef\xbb\xbf[\n{\"v\":1},\n{\"v\":2},\n]\n[[{\"v\":4}],[]][{\"v\":5}] \n{\"v\":6}",
        "[{\"v\":1},{\"v\":tru,\"x\":[1]},{\"v\":3},7,{\"v\":-4}]",
        "[{\"v\":1},\n{\"v\":2,\"x\n{\"v\":3},\n{\"v\":\n{\"v\":4}\n]\n{\"v\":5}\n",
        "[{\"v\":1}] {\"v\":2}\n{\"v\":3} {\"v\":4}\n{\"v\":5}\n[1,2]\nx\n{\"v\":\"\xc3\xa9\"}\n[{\"v\":6}",
        "{\"v\":1\n{\"v\":2}\n\n{\n\"v\":\n3}\n{\"v\":\"\\u0031\"}\n,\n{\"v\":1e2}",
    };
    static const struct fxi_field one[] = {{"v", FX_UNSIGNED, 0, 0, 0}};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        size_t size = strlen(payloads[i]);
        char whole[512] = "";
        struct fxi_decoder *decoder = fxi_decoder_new(one, 1, 8, NULL);
        assert_int_equal(take_part(decoder, payloads[i], size, FXI_PART_WHOLE, whole, sizeof whole), size);
        for (size_t first = 0; first <= size; first++) {
            for (size_t second = first; second <= size; second++) {
                char parts[512] = "";
                size_t at = take_part(decoder, payloads[i], first, FXI_PART_OPEN, parts, sizeof parts);
                at += take_part(decoder, payloads[i] + at, second - at, FXI_PART_OPEN, parts, sizeof parts);
                take_part(decoder, payloads[i] + at, size - at, FXI_PART_WHOLE, parts, sizeof parts);
                assert_string_equal(parts, whole);
                assert_false(fxi_decoder_in_list(decoder));
            }
        }
        fxi_decoder_free(decoder);
    }
}

/* The five bytes of a schema registry may contain a newline or a bracket. */
static void framing(void **unused)
{
    (void)unused;
    static const struct fxi_field one[] = {{"v", FX_UNSIGNED, 0, 0, 0}};
    static const char payload[] = "\0\0\0\n[{\"v\":1}\n\0\0{\0\n[{\"v\":2}]\n{\"v\":3}\n\0\0";
    struct fxi_decoder *decoder = fxi_decoder_new(one, 1, 8, NULL);
    char got[512] = "";
    fxi_decoder_set_framed(decoder, true);
    take_part(decoder, payload, sizeof payload - 1, FXI_PART_WHOLE, got, sizeof got);
    assert_string_equal(got, "1 2 3 truncated0 ");
    got[0] = '\0';
    fxi_decoder_set_framed(decoder, false);
    take_part(decoder, payload, 10, FXI_PART_WHOLE, got, sizeof got);
    assert_string_equal(got, "syntax0 truncated0 ");
    fxi_decoder_free(decoder);
}

static void every_name(void **unused)
{
    (void)unused;
    for (int i = 0; i < FXI_DECODE_COUNT; i++)
        for (int j = 0; j < i; j++)
            assert_string_not_equal(fxi_decode_name((enum fxi_decode)i), fxi_decode_name((enum fxi_decode)j));
}

/* Every beginning of a record, alone and in front of another record, and a record with a part cut out anywhere. */
static void truncations(void **unused)
{
    (void)unused;
    struct decode_checker *checker = decode_checker_new(fields, FIELD_COUNT, 8);
    size_t size = sizeof flow - 1;
    char payload[3 * sizeof flow];
    for (size_t cut = 0; cut <= size; cut++) {
        assert_true(decode_check(checker, flow, cut));
        int both = snprintf(payload, sizeof payload, "%.*s\n%s\n", (int)cut, flow, flow);
        size_t accepted = decode_checker_accepted(checker);
        assert_true(decode_check(checker, payload, (size_t)both));
        assert_true(decode_checker_accepted(checker) > accepted);
        both = snprintf(payload, sizeof payload, "%.*s%s\n%s", (int)cut, flow, flow + cut + (cut < size), flow);
        assert_true(decode_check(checker, payload, (size_t)both));
    }
    decode_checker_free(checker);
}

/* A payload may end anywhere. The rest is another payload. */
static void splits(void **unused)
{
    (void)unused;
    struct decode_checker *checker = decode_checker_new(fields, FIELD_COUNT, 8);
    char payload[3 * sizeof flow];
    int size = snprintf(payload, sizeof payload, "%s\n%s", flow, flow);
    for (int cut = 0; cut <= size; cut++) {
        assert_true(decode_check(checker, payload, (size_t)cut));
        assert_true(decode_check(checker, payload + cut, (size_t)(size - cut)));
    }
    decode_checker_free(checker);
}

static void expect_flow(const struct fx_value *row)
{
    assert_true(row[0].type == FX_UNSIGNED && row[0].u == 10318);
    assert_true(row[1].type == FX_UNSIGNED && row[1].u == 397143);
    assert_true(row[2].type == FX_UNSIGNED && row[2].u == 663);
    assert_true(row[3].type == FX_TEXT && row[3].size == 5 && memcmp(row[3].text, "100.1", 5) == 0);
    assert_true(row[4].type == FX_TEXT && row[4].size == 13 && memcmp(row[4].text, "caf\xc3\xa9.example", 13) == 0);
}

/* The page behind the payload's last byte can't be read. The same holds for every beginning of the payload. */
static void nothing_is_read_behind_the_end(void **unused)
{
    (void)unused;
    size_t page = (size_t)sysconf(_SC_PAGESIZE), size = sizeof flow - 1;
    char *memory = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(memory, MAP_FAILED);
    assert_int_equal(mprotect(memory + page, page, PROT_NONE), 0);
    struct fxi_arena arena;
    fxi_arena_init(&arena, 1 << 16);
    for (int scan = 0; scan < FXI_SCAN_COUNT; scan++) {
        struct fxi_decoder *decoder = fxi_decoder_new(fields, FIELD_COUNT, 8, NULL);
        for (size_t cut = 0; cut <= size && fxi_decoder_set_scan(decoder, (enum fxi_scan)scan) == 0; cut++) {
            struct fx_value row[FIELD_COUNT];
            const char *end = memory + page, *at = end - cut;
            memcpy(memory + page - cut, flow, cut);
            enum fxi_decode decode = fxi_decoder_next(decoder, &at, end, row, &arena, NULL);
            assert_int_equal(decode, cut == 0 ? FXI_DECODE_END : cut < size ? FXI_DECODE_TRUNCATED : FXI_DECODE_RECORD);
            if (decode == FXI_DECODE_RECORD)
                expect_flow(row);
        }
        fxi_decoder_free(decoder);
    }
    fxi_arena_fini(&arena);
    munmap(memory, 2 * page);
}

/* A text without escapes is not copied, wherever in the payload it stands. */
static void texts_point_into_the_payload(void **unused)
{
    (void)unused;
    struct fxi_decoder *decoder = fxi_decoder_new(fields, FIELD_COUNT, 8, NULL);
    struct fx_value row[FIELD_COUNT];
    const char *payloads[] = {flow, "{\"peer_ip_src\": 12, \"label\": {\"nkey\": \"x\"}}"};
    for (size_t i = 0; i < 2; i++) {
        const char *at = payloads[i], *end = at + strlen(at);
        assert_int_equal(fxi_decoder_next(decoder, &at, end, row, NULL, NULL), FXI_DECODE_RECORD);
        for (size_t f = 3; f < 5; f++) {
            assert_int_equal(row[f].type, FX_TEXT);
            assert_in_range((uintptr_t)row[f].text, (uintptr_t)payloads[i], (uintptr_t)end - row[f].size);
        }
    }
    fxi_decoder_free(decoder);
}

/* There are more different members than the decoder can remember. It forgets some, and stays right. */
static void more_members_than_entries(void **unused)
{
    (void)unused;
    struct fxi_decoder *decoder = fxi_decoder_new(fields, FIELD_COUNT, 8, NULL);
    struct fx_value row[FIELD_COUNT];
    char payload[128];
    for (unsigned i = 0; i < 20000; i++) {
        int size = snprintf(payload, sizeof payload,
                            "{\"m%u\": 1, \"as_src\": %u, \"label\": {\"k%u\": 2, \"nkey\": 3}}", i, i, i % 3000);
        const char *at = payload;
        assert_int_equal(fxi_decoder_next(decoder, &at, payload + size, row, NULL, NULL), FXI_DECODE_RECORD);
        assert_true(row[0].type == FX_UNSIGNED && row[0].u == i);
        assert_true(row[3].type == FX_TEXT && row[3].size == 1 && *row[3].text == '3');
    }
    fxi_decoder_free(decoder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(records_and_their_faults),
                                       cmocka_unit_test(lists_and_their_faults),
                                       cmocka_unit_test(in_parts),
                                       cmocka_unit_test(framing),
                                       cmocka_unit_test(every_name),
                                       cmocka_unit_test(truncations),
                                       cmocka_unit_test(splits),
                                       cmocka_unit_test(nothing_is_read_behind_the_end),
                                       cmocka_unit_test(texts_point_into_the_payload),
                                       cmocka_unit_test(more_members_than_entries)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
