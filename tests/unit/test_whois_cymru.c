/* The answer of a whois server, in pieces of every size, and the query; and the addresses of servers. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/resolver-whois/address.h"
#include "plugins/resolver-whois/dialect.h"
#include "plugins/resolver-whois/lines.h"
#include "plugins/resolver-whois/lookup.h"

static void check_line(const char *line, enum whois_line_kind kind, uint32_t number, const char *name)
{
    struct whois_line found = {0};
    enum whois_line_kind read = whois_cymru.read_line(line, strlen(line), &found);
    if (read != kind)
        fail_msg("kind %d instead of %d: '%s'", (int)read, (int)kind, line);
    if (kind == WHOIS_LINE_NAME || kind == WHOIS_LINE_UNKNOWN)
        assert_int_equal(found.number, number);
    if (kind == WHOIS_LINE_NAME) {
        assert_int_equal(found.name_size, strlen(name));
        assert_memory_equal(found.name, name, found.name_size);
    }
}

static void lines_of_an_answer(void **unused)
{
    (void)unused;
    check_line("Bulk mode; whois.cymru.com [2026-01-01 00:00:00 +0000]", WHOIS_LINE_GREETING, 0, NULL);
    check_line("15169   | US | arin     | 2000-03-30 | GOOGLE - Google LLC, US", WHOIS_LINE_NAME, 15169,
               "GOOGLE - Google LLC, US");
    check_line("4294967295|US|arin|2000-03-30|A", WHOIS_LINE_NAME, 4294967295, "A");
    check_line("0 | | | | X | Y | Z  ", WHOIS_LINE_NAME, 0, "X | Y | Z");
    check_line("64500   | NA | NA       | NA         | NA", WHOIS_LINE_UNKNOWN, 64500, NULL);
    check_line("64500   | NA | NA       | NA         |   ", WHOIS_LINE_UNKNOWN, 64500, NULL);
    check_line("64500   | NA | NA       | NA         |", WHOIS_LINE_UNKNOWN, 64500, NULL);
    check_line("14 | US | arin | 1984-01-01 | NAP", WHOIS_LINE_NAME, 14, "NAP");
    check_line("Error: no ASN or IP match on line 3.", WHOIS_LINE_NO_MATCH, 0, NULL);
}

static void lines_of_no_use(void **unused)
{
    (void)unused;
    static const char *const lines[] = {
        "",
        "AS      | CC | Registry | Allocated  | AS Name",
        "15169",
        "15169   | US | arin     | 2000-03-30",
        "15169 X | US | arin     | 2000-03-30 | GOOGLE",
        " 15169  | US | arin     | 2000-03-30 | GOOGLE",
        "-1      | US | arin     | 2000-03-30 | GOOGLE",
        "4294967296 | US | arin | 2000-03-30 | GOOGLE",
        "99999999999999999999999 | US | arin | 2000-03-30 | GOOGLE",
        "Error: too many queries",
        "%ERROR:201: access denied",
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
        check_line(lines[i], WHOIS_LINE_OTHER, 0, NULL);
}

static void query_of_all_numbers(void **unused)
{
    (void)unused;
    static const uint32_t few[] = {15169, 3333, UINT32_MAX};
    struct whois_text text = {0};
    whois_cymru.write_query(&text, few, 3);
    static const char expected[] = "begin\nverbose\nAS15169\nAS3333\nAS4294967295\nend\n";
    assert_int_equal(text.size, sizeof(expected) - 1);
    assert_memory_equal(text.data, expected, text.size);

    enum { MANY = 100000 };
    static uint32_t many[MANY];
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = 100000 + i;
    whois_text_clear(&text);
    whois_cymru.write_query(&text, many, MANY);
    assert_false(text.failed);
    assert_int_equal(text.size, strlen("begin\nverbose\nend\n") + MANY * strlen("AS123456\n"));
    whois_text_fini(&text);
}

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
        check_pieces(data, sizeof(data) - 1, piece, "one;two;three; f o u r ;");
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
    /* And one that nobody waits for. */
    assert_int_equal(whois_lookup_poll(&lookup, &address, &found, &why), WHOIS_LOOKUP_BUSY);
    whois_lookup_fini(&lookup);
    whois_lookup_fini(&lookup);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_of_an_answer),        cmocka_unit_test(lines_of_no_use),
        cmocka_unit_test(query_of_all_numbers),      cmocka_unit_test(pieces_of_every_size),
        cmocka_unit_test(lines_have_a_bound),        cmocka_unit_test(addresses),
        cmocka_unit_test(numeric_addresses_at_once), cmocka_unit_test(names_in_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
