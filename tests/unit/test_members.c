/* The names of a record's members, from payloads of every form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "pipeline/members.h"
#include "util/str.h"

static void add(void *arg, const char *path)
{
    fxi_str_printf(arg, "%s ", path);
}

static void check(const char *payload, size_t size, const char *expected)
{
    struct fxi_str found = {0};
    fxi_members_visit(payload, size, add, &found);
    assert_string_equal(found.data ? found.data : "", expected);
    fxi_str_fini(&found);
}

#define CHECK(payload, expected) check(payload, sizeof(payload) - 1, expected)

static void test_payloads(void **state)
{
    (void)state;
    CHECK("{\"a\":1,\"b\":\"x\"}\n{\"c\":1}\n", "a b ");
    CHECK("{\"a\":{\"b\":{\"c\":1},\"d\":[1]},\"e\":null}", "a.b.c a.d e ");
    CHECK("{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":1}}}}}", "a.b.c.d ");
    CHECK(" [\n{\"a\":1},\n{\"b\":1}]", "a ");
    CHECK("\0\0\0\0\7{\"a\":1}", "a ");
    /* A producer's markers are no records. */
    CHECK("{\"event_type\":\"purge_init\",\"x\":1}\n{\"event_type\":\"purge\",\"a\":1}\n", "event_type a ");
    CHECK("{\"event_type\":\"purge_close\"}", "");
    /* What is cut off or no JSON has no names. */
    CHECK("{\"a\":1,\"b\":", "");
    CHECK("{\"a\":1}\n{\"b\":", "a ");
    CHECK("a,b,c\n1,2,3\n", "");
    CHECK("{]{\"a\":1}", "");
    CHECK("{}", "");
    CHECK("", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_payloads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
