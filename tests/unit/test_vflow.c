/* vFlow's messages become records. A fault costs only its part of a message. Nothing is read beyond the end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decode/vflow.h"

static const struct fxi_field fields[] = {{"16", FX_UNSIGNED, 0, 0, 0},  {"1", FX_UNSIGNED, 0, 0, 0},
                                          {"AgentID", FX_TEXT, 0, 0, 0}, {"29305\\.1", FX_UNSIGNED, 0, 0, 0},
                                          {"1", FX_TEXT, 0, 0, 0},       {"name", FX_TEXT, 1, 0, 0}};
#define COUNT (sizeof fields / sizeof *fields)

/*
 * Writes all results of a payload as one text: "as/bytes/agent/reverse/bytes-as-text" for a record, "reason@offset" for
 * a fault.
 */
static char *unpack(const char *text, size_t size)
{
    static char out[4096];
    char *to = out;
    struct fx_error err = FX_ERROR_INIT;
    struct fxi_vflow *vflow = fxi_vflow_new(fields, COUNT, 16, &err);
    struct fxi_arena arena;
    fxi_arena_init(&arena, 1 << 20);
    assert_non_null(vflow);
    char *payload = malloc(size); /* a sanitizer notices a read beyond its end */
    memcpy(payload, text, size);
    const char *at = payload, *end = payload + size;
    for (;;) {
        struct fx_value row[COUNT];
        const char *where = NULL;
        enum fxi_decode decode = fxi_vflow_next(vflow, &at, end, row, &arena, &where);
        if (decode == FXI_DECODE_END)
            break;
        if (to > out + sizeof out - 200)
            continue;
        if (decode != FXI_DECODE_RECORD) {
            assert_true(where >= payload && where <= end);
            to += sprintf(to, "%s@%ld ", fxi_decode_name(decode), (long)(where - payload));
            continue;
        }
        assert_int_equal(row[5].type, FX_NULL);
        to += sprintf(to, "%llu/%llu/%.*s/%llu/%.*s ", (unsigned long long)row[0].u, (unsigned long long)row[1].u,
                      row[2].type == FX_TEXT ? (int)(row[2].size < 40 ? row[2].size : 40) : 1,
                      row[2].type == FX_TEXT ? row[2].text : "-", (unsigned long long)row[3].u,
                      row[4].type == FX_TEXT ? (int)(row[4].size < 40 ? row[4].size : 40) : 1,
                      row[4].type == FX_TEXT ? row[4].text : "-");
    }
    *to = '\0';
    assert_ptr_equal(at, end);
    free(payload);
    fxi_arena_fini(&arena);
    fxi_vflow_free(vflow);
    return out;
}

static void expect(const char *text, const char *expected)
{
    assert_string_equal(unpack(text, strlen(text)), expected);
}

static void test_messages(void **state)
{
    (void)state;
    expect("", "");
    expect("\n \n", "");
    expect("{\"AgentID\":\"192.0.2.1\",\"Header\":{\"Version\":10,\"x\":[1,{\"y\":\"]}\"}]},\"DataSets\":"
           "[[{\"I\":8,\"V\":\"10.0.0.1\"},{\"I\":16,\"V\":15169},{\"I\":1,\"V\":22500}],[{\"I\":1,\"V\":7}]]}",
           "15169/22500/192.0.2.1/0/22500 0/7/192.0.2.1/0/7 ");
    /* The order of members, spaces, and two messages in one payload. */
    expect("{ \"DataSets\" : [ [ { \"V\" : 1 , \"I\" : 16 } ] ] , \"AgentID\" : \"a\" }\n{\"DataSets\":[[]]}\n",
           "1/0/a/0/- 0/0/-/0/- ");
    /* No flows. */
    expect("{\"AgentID\":\"a\",\"DataSets\":[]}", "");
    expect("{\"AgentID\":\"a\",\"DataSets\":null}", "");
    /* The last one of the same element counts. An enterprise's element is another element. */
    expect("{\"DataSets\":[[{\"I\":1,\"V\":1},{\"I\":1,\"V\":2},{\"I\":1,\"V\":3,\"E\":29305},{\"I\":16,\"V\":4,\"E\":"
           "0}]]}",
           "4/2/-/3/2 ");
    /* Hexadecimal text where a number is claimed. */
    expect("{\"DataSets\":[[{\"I\":16,\"V\":\"0x00000050\"},{\"I\":1,\"V\":\"0xfFFFffffFFFFffff\"}]]}",
           "80/18446744073709551615/-/0/18446744073709551615 ");
    expect("{\"DataSets\":[[{\"I\":16,\"V\":\"0x0000000000000000000001\"}]]}", "1/0/-/0/- ");
    expect("{\"AgentID\":\"caf\\u00e9\",\"DataSets\":[[{\"I\":16,\"V\":\"5\"}]]}", "5/0/caf\xc3\xa9/0/- ");
}

static void test_faults(void **state)
{
    (void)state;
    /* The fault of one record costs only that record. */
    expect("{\"DataSets\":[[{\"I\":16,\"V\":1}],[{\"I\":16,\"V\":\"x\"}],[{\"I\":16,\"V\":-1}],[{\"I\":16,\"V\":2}]]}",
           "1/0/-/0/- type@30 range@49 2/0/-/0/- ");
    expect("{\"DataSets\":[[{\"I\":16,\"V\":\"0x10000000000000000\"}],[{\"I\":16,\"V\":\"0x\"}],[{\"I\":16,\"V\":"
           "\"0xg\"}]]}",
           "type@13 type@50 type@70 ");
    expect("{\"DataSets\":[5,[7],[{\"V\":1}],[{\"I\":\"16\",\"V\":1}],[{\"I\":16}],{},[{\"I\":16,\"V\":[1]}]]}",
           "type@13 type@15 type@19 type@29 0/0/-/0/- type@59 type@62 ");
    /* A fault of the message itself. */
    expect("{\"AgentID\":\"a\"}", "type@0 ");
    expect("{\"DataSets\":{}}\n{\"DataSets\":[[]]}", "type@12 0/0/-/0/- ");
    expect("[1]\n{\"DataSets\":[[]]}", "not_object@0 0/0/-/0/- ");
    expect("{\"DataSets\":[[{\"I\":16,\"V\":1}]", "truncated@29 ");
    expect("{\"DataSets\":[[{\"I\":16,\"V\":01}]]}", "syntax@27 ");
    expect("{\"DataSets\":[[{\"I\":16,\"V\":1}]]} x", "trailing@32 ");
}

/* No bytes cause a crash, and every record before a fault stays a record. */
static void test_mutations(void **state)
{
    (void)state;
    static const char sound[] = "{\"AgentID\":\"192.0.2.1\",\"Header\":{\"Version\":10},\"DataSets\":[[{\"I\":16,\"V\":"
                                "\"0x0050\"},{\"I\":1,\"V\":22500,\"E\":0}],[{\"I\":1,\"V\":7}]]}\n{\"DataSets\":[[]]}";
    static const char bytes[] = "\"\\{}[],:0x5 nE\n\x80";
    const char *cases = getenv("FX_TEST_CASES");
    unsigned long long random = 42;
    for (int i = 0, n = cases ? atoi(cases) : 50000; i < n; i++) {
        char text[sizeof sound];
        memcpy(text, sound, sizeof sound);
        size_t size = sizeof sound - 1;
        for (int j = 0; j < 1 + i % 3; j++) {
            random = random * 6364136223846793005ULL + 1442695040888963407ULL;
            text[(random >> 33) % size] = bytes[(random >> 20) % (sizeof bytes - 1)];
            if (random >> 60 == 0)
                size = 1 + (random >> 30) % size;
        }
        unpack(text, size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_messages), cmocka_unit_test(test_faults),
                                       cmocka_unit_test(test_mutations)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
