/*
 * The answer of a whois server in pieces of every size, the addresses of servers, and how often servers may be asked.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/resolver-whois/server/address.h"
#include "plugins/resolver-whois/server/budget.h"
#include "plugins/resolver-whois/base/lines.h"
#include "plugins/resolver-whois/server/lookup.h"

struct taken {
    char text[16384];
    size_t size;
    unsigned count;
};

static void take_line(void *arg, char *line, size_t size)
{
    struct taken *taken = arg;
    assert_true(taken->size + size + 1 <= sizeof(taken->text));
    memcpy(taken->text + taken->size, line, size);
    taken->text[taken->size + size] = ';';
    taken->size += size + 1;
    taken->count++;
}

static void check_pieces(const char *data, size_t size, size_t piece, const char *expected)
{
    static struct whois_lines lines;
    static struct taken taken;
    taken.size = taken.count = 0;
    whois_lines_init(&lines);
    for (size_t i = 0; i < size; i += piece)
        whois_lines_feed(&lines, data + i, size - i < piece ? size - i : piece, take_line, &taken);
    assert_int_equal(taken.size, strlen(expected));
    assert_memory_equal(taken.text, expected, taken.size);
}

static void pieces_of_every_size(void **unused)
{
    (void)unused;
    static const char data[] = "\r\n\none\r\ntwo\rthree\n\n\r f o u r \nhalf a li";
    for (size_t piece = 1; piece <= sizeof(data); piece++)
        check_pieces(data, sizeof(data) - 1, piece, ";;one;two;three;;; f o u r ;");
}

struct sizes {
    struct whois_lines lines;
    size_t raw, count;
};

static void add_raw(void *arg, char *line, size_t size)
{
    struct sizes *sizes = arg;
    (void)line;
    assert_true(sizes->lines.raw_size > size);
    sizes->raw += sizes->lines.raw_size;
    sizes->count++;
}

/* In framed answers every byte counts, whatever ends the lines. */
static void raw_sizes_add_up(void **unused)
{
    (void)unused;
    static const char data[] = "\r\n\none\r\ntwo\rthree\n\n\r f o u r \nend\n";
    for (size_t piece = 1; piece <= sizeof(data); piece++) {
        static struct sizes sizes;
        sizes.raw = sizes.count = 0;
        whois_lines_init(&sizes.lines);
        for (size_t i = 0; i < sizeof(data) - 1; i += piece)
            whois_lines_feed(&sizes.lines, data + i, sizeof(data) - 1 - i < piece ? sizeof(data) - 1 - i : piece,
                             add_raw, &sizes);
        assert_int_equal(sizes.raw, sizeof(data) - 1);
        assert_int_equal(sizes.count, 9);
    }
}

static void lines_have_a_bound(void **unused)
{
    (void)unused;
    static char data[3 * WHOIS_LINE_MAX], expected[2 * WHOIS_LINE_MAX];
    /* One byte too long, then the longest, then a short one. */
    memset(data, 'x', sizeof(data));
    data[WHOIS_LINE_MAX + 1] = '\n';
    data[2 * WHOIS_LINE_MAX + 2] = '\n';
    memcpy(data + 2 * WHOIS_LINE_MAX + 3, "short\n", 6);
    memset(expected, 'x', WHOIS_LINE_MAX);
    strcpy(expected + WHOIS_LINE_MAX, ";short;");
    static const size_t pieces[] = {1, 7, WHOIS_LINE_MAX - 1, WHOIS_LINE_MAX, WHOIS_LINE_MAX + 1, sizeof(data)};
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
        check_pieces(data, 2 * WHOIS_LINE_MAX + 9, pieces[i], expected);
}

static void check_address(const char *text, const char *host, const char *port)
{
    struct whois_address address;
    const char *why = NULL;
    int rc = whois_address_parse(text, &address, &why);
    if (!host) {
        assert_int_equal(rc, -1);
        assert_non_null(why);
        return;
    }
    if (rc < 0)
        fail_msg("'%s': %s", text, why);
    assert_string_equal(address.host, host);
    assert_string_equal(address.port, port);
}

static void addresses(void **unused)
{
    (void)unused;
    check_address("whois.cymru.com", "whois.cymru.com", "43");
    check_address("whois.cymru.com:4343", "whois.cymru.com", "4343");
    check_address("192.0.2.1:65535", "192.0.2.1", "65535");
    check_address("[::1]", "::1", "43");
    check_address("[2001:db8::1]:1", "2001:db8::1", "1");
    static const char *const bad[] = {"",        ":43",      "host:",     "host:0",     "host:65536", "host:4x",
                                      "host:-1", "::1",      "[::1",      "[::1]43",    "[]",         "[host]:43",
                                      "ho st",   "http://h", "host/43:1", "host:123456"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_address(bad[i], NULL, NULL);
    char too_long[300];
    memset(too_long, 'a', sizeof(too_long) - 1);
    too_long[sizeof(too_long) - 1] = '\0';
    check_address(too_long, NULL, NULL);
}

static void numeric_addresses_at_once(void **unused)
{
    (void)unused;
    struct whois_address address;
    const char *why = NULL;
    assert_int_equal(whois_address_parse("[::1]:4343", &address, &why), 0);
    struct whois_lookup lookup = {0};
    struct addrinfo *found = NULL;
    assert_int_equal(whois_lookup_poll(&lookup, &address, &found, &why), WHOIS_LOOKUP_DONE);
    assert_int_equal(found->ai_family, AF_INET6);
    freeaddrinfo(found);
    whois_lookup_fini(&lookup);
}

static void names_in_time(void **unused)
{
    (void)unused;
    struct whois_address address;
    const char *why = NULL;
    struct whois_lookup lookup = {0};
    struct addrinfo *found = NULL;
    assert_int_equal(whois_address_parse("localhost:43", &address, &why), 0);
    enum whois_lookup_state state = whois_lookup_poll(&lookup, &address, &found, &why);
    assert_int_equal(state, WHOIS_LOOKUP_BUSY);
    while (state == WHOIS_LOOKUP_BUSY) {
        struct pollfd fd = {.fd = whois_lookup_fd(&lookup), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 60000), 1);
        state = whois_lookup_poll(&lookup, &address, &found, &why);
    }
    assert_int_equal(state, WHOIS_LOOKUP_DONE);
    assert_int_equal(whois_lookup_fd(&lookup), -1);
    freeaddrinfo(found);
    /* Then a lookup whose result nobody waits for. */
    assert_int_equal(whois_lookup_poll(&lookup, &address, &found, &why), WHOIS_LOOKUP_BUSY);
    whois_lookup_fini(&lookup);
    whois_lookup_fini(&lookup);
}

#define DAY_MS (INT64_C(86400) * 1000)

static void budgets_bound_the_second(void **unused)
{
    (void)unused;
    struct whois_budget budget;
    int64_t now_ms = 1000;
    whois_budget_init(&budget, 5, 0, now_ms);
    assert_int_equal(whois_budget_allows(&budget, 100, now_ms), 5);
    whois_budget_spend(&budget, 5);
    assert_int_equal(whois_budget_allows(&budget, 100, now_ms), 0);
    int64_t when_ms = whois_budget_when(&budget, now_ms);
    assert_in_range(when_ms, now_ms + 200, now_ms + 202);
    assert_int_equal(whois_budget_allows(&budget, 100, now_ms + 199), 0);
    assert_int_equal(whois_budget_allows(&budget, 100, when_ms), 1);
    size_t asked = 5;
    for (; now_ms < 11000; now_ms += 7) {
        size_t allowed = whois_budget_allows(&budget, 3, now_ms);
        whois_budget_spend(&budget, allowed);
        asked += allowed;
    }
    assert_in_range(asked, 53, 56);
    assert_int_equal(whois_budget_allows(&budget, 100, now_ms + DAY_MS), 5); /* at most a second's worth at once */
}

static void budgets_bound_the_day(void **unused)
{
    (void)unused;
    struct whois_budget budget;
    whois_budget_init(&budget, 0, 10, 1000);
    assert_int_equal(whois_budget_allows(&budget, 7, 1000), 7);
    whois_budget_spend(&budget, 7);
    assert_int_equal(whois_budget_allows(&budget, 7, 1001), 3);
    whois_budget_spend(&budget, 3);
    assert_int_equal(whois_budget_allows(&budget, 7, 1000 + DAY_MS - 1), 0);
    assert_true(whois_budget_day_is_over(&budget, 1002));
    assert_int_equal(whois_budget_when(&budget, 1002), 1000 + DAY_MS);
    assert_int_equal(whois_budget_allows(&budget, 70, 1000 + DAY_MS), 10);
    whois_budget_init(&budget, 0, 0, 0);
    assert_int_equal(whois_budget_allows(&budget, 1000000, 0), 1000000);
    whois_budget_spend(&budget, 1000000);
    assert_int_equal(whois_budget_when(&budget, 5), 5);
    whois_budget_init(&budget, 0.5, 0, 0); /* one query in two seconds */
    assert_int_equal(whois_budget_allows(&budget, 10, 0), 1);
    whois_budget_spend(&budget, 1);
    assert_in_range(whois_budget_when(&budget, 0), 2000, 2002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_of_every_size),      cmocka_unit_test(raw_sizes_add_up),
        cmocka_unit_test(lines_have_a_bound),        cmocka_unit_test(addresses),
        cmocka_unit_test(numeric_addresses_at_once), cmocka_unit_test(names_in_time),
        cmocka_unit_test(budgets_bound_the_second),  cmocka_unit_test(budgets_bound_the_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
