/* Points in time as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugins/input-kafka/timestamp.h"

static void test_times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms;
    } cases[] = {{"0", 0},
                 {"1769860800", INT64_C(1769860800000)},
                 {"1769860800123", INT64_C(1769860800123)},
                 {"1970-01-01", 0},
                 {"2026-01-31", INT64_C(1769817600000)},
                 {"2026-01-31T12:00:00Z", INT64_C(1769860800000)},
                 {"2026-01-31 12:00", INT64_C(1769860800000)},
                 {"2026-01-31t12:00:00.5z", INT64_C(1769860800500)},
                 {"2026-01-31T12:00:00.123456Z", INT64_C(1769860800123)},
                 {"2026-01-31T13:30:00+01:30", INT64_C(1769860800000)},
                 {"2026-01-31T11:00-0100", INT64_C(1769860800000)},
                 {"2024-02-29", INT64_C(1709164800000)}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t ms = -1;
        if (kafka_timestamp_parse(cases[i].text, &ms) || ms != cases[i].ms)
            fail_msg("%s: %lld, not %lld", cases[i].text, (long long)ms, (long long)cases[i].ms);
    }
}

static void test_no_times(void **state)
{
    (void)state;
    static const char *const texts[] = {"",
                                        " ",
                                        "now",
                                        "-1",
                                        "1.5",
                                        "1e9",
                                        "1234567890123456",
                                        "2026",
                                        "2026-01",
                                        "2026-1-1",
                                        "2026-13-01",
                                        "2026-00-01",
                                        "2026-02-29",
                                        "2026-04-31",
                                        "2026-01-00",
                                        "2026-01-31T",
                                        "2026-01-31T12",
                                        "2026-01-31T24:00",
                                        "2026-01-31T12:60",
                                        "2026-01-31T12:00:60",
                                        "2026-01-31T12:00:00.",
                                        "2026-01-31T12:00:00Q",
                                        "2026-01-31T12:00:00+1",
                                        "2026-01-31T12:00:00+24:00",
                                        "2026-01-31T12:00:00Zx",
                                        "1969-12-31",
                                        "1970-01-01T00:00:00+01:00"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int64_t ms;
        if (kafka_timestamp_parse(texts[i], &ms) == 0)
            fail_msg("'%s' is taken as %lld", texts[i], (long long)ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_times), cmocka_unit_test(test_no_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
