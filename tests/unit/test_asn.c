/* AS numbers as people write them. */
#include <flow-exporter/asn.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_good(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t number;
    } cases[] = {
        {"0", 0},
        {"15169", 15169},
        {"AS15169", 15169},
        {"as15169", 15169},
        {"4294967295", UINT32_MAX},
        {"1.10", 65546},
        {"AS0.15169", 15169},
        {"65535.65535", UINT32_MAX},
        {"15_169", 15169},
        {"007", 7},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        uint32_t number = 99;
        if (fx_asn_read(cases[i].text, &number, &err) || number != cases[i].number)
            fail_msg("'%s' is %u: %s", cases[i].text, number, err.message);
    }
}

static void test_bad(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "",     "AS",  "-1",    "+1",    " 1",    "1 ",      "4294967296", "99999999999999999999",
        "0x1f", "1e6", "1.",    ".1",    "1.2.3", "65536.0", "0.65536",    "1__0",
        "_1",   "1_",  "AS AS", "ASN15", "1,2",   "AS-1"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        uint32_t number = 99;
        if (fx_asn_read(cases[i], &number, &err) != FX_EINVAL || number != 99 ||
            !strstr(err.message, "is not an AS number"))
            fail_msg("'%s' is %u: %s", cases[i], number, err.message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
