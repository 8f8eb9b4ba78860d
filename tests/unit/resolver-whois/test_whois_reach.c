/* Where a referral may lead: hosts by name and port, and their addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "plugins/resolver-whois/dialect/dialects.h"
#include "plugins/resolver-whois/server/client.h"
#include "plugins/resolver-whois/server/reach.h"

static bool is_public(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return whois_reach_is_public((const struct sockaddr *)(const void *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return whois_reach_is_public((const struct sockaddr *)(const void *)&v6);
}

static void public_addresses(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "193.0.6.135",
        "199.5.26.46",
        "1.1.1.1",
        "9.255.255.255",
        "11.0.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.167.255.255",
        "192.169.0.0",
        "223.255.255.255",
        "2001:67c:2e8:22::c100:687",
        "2600::1",
        "2a00::1",
        "::ffff:193.0.6.135",
        "64:ff9b::193.0.6.135",
        "2002:c100:687::1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (!is_public(texts[i]))
            fail_msg("%s is public", texts[i]);
}

static void inside_addresses(void **unused)
{
    (void)unused;
    static const char *const texts[] = {
        "0.0.0.0",
        "0.1.2.3",
        "10.0.0.1",
        "10.255.255.255",
        "100.64.0.1",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.168.0.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fec0::1",
        "fc00::1",
        "fd12:3456::1",
        "ff02::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.1.2.3",
        "64:ff9b::127.0.0.1",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2002:a00:1::1",
        "2001::1",
        "2001:10::1",
        "2001:db8::1",
        "3fff::1",
        "100::1",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (is_public(texts[i]))
            fail_msg("%s is not public", texts[i]);
    assert_false(whois_reach_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
}

static struct whois_address address_of(const char *text)
{
    struct whois_address address;
    const char *why;
    assert_int_equal(whois_address_parse(text, &address, &why), 0);
    return address;
}

static const struct whois_dialect *allowed(const struct whois_server_options *from, const char *text, bool public_only)
{
    struct whois_way way;
    struct whois_address to = address_of(text);
    if (!whois_reach_allows(from, &to, &way))
        return NULL;
    assert_int_equal(way.is_public_only, public_only);
    return way.dialect;
}

static void hosts(void **unused)
{
    (void)unused;
    const char *const listed[] = {"whois.example.org", "10.1.2.3:4343"};
    const struct fx_list referrals = {2, listed};
    struct whois_server_options servers[] = {
        {.address = address_of("127.0.0.1:4000"), .dialect = &whois_arin, .flags = "a"},
        {.address = address_of("whois.ripe.net"), .dialect = &whois_rpsl, .flags = "-r"}};
    for (int i = 0; i < 2; i++) {
        servers[i].all = servers;
        servers[i].all_count = 2;
        servers[i].referrals = &referrals;
    }
    assert_ptr_equal(allowed(servers, "whois.lacnic.net", true), &whois_lacnic);
    assert_ptr_equal(allowed(servers, "WHOIS.APNIC.NET.", true), &whois_rpsl);
    assert_ptr_equal(allowed(servers, "whois.ripe.net", false), &whois_rpsl); /* a configured server */
    assert_ptr_equal(allowed(servers, "127.0.0.1:4000", false), &whois_arin);
    assert_ptr_equal(allowed(servers, "whois.example.org", false), &whois_rpsl);
    assert_ptr_equal(allowed(servers, "10.1.2.3:4343", false), &whois_rpsl);
    static const char *const refused[] = {"127.0.0.1",
                                          "127.0.0.1:22",
                                          "localhost",
                                          "whois.lacnic.net:25",
                                          "whois.ripe.net:4343",
                                          "10.1.2.3",
                                          "[::1]:43",
                                          "whois.ripe.net.evil.org",
                                          "evilwhois.ripe.net",
                                          "0x7f000001",
                                          "169.254.169.254:80",
                                          "whois.example.org:80",
                                          "193.0.6.135",
                                          "."};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (allowed(servers, refused[i], false))
            fail_msg("%s is refused", refused[i]);
}

static void take_nothing(void *arg, char *line, size_t size)
{
    (void)arg, (void)line, (void)size;
}

/* Follows one connection until it ends or is made. A name may have several addresses, and not all of them listen. */
static enum whois_result connect_to(struct whois_client *client, const struct whois_address *address, bool public_only)
{
    static const char query[] = "AS1\r\n";
    enum whois_result result;
    struct pollfd fd = {.revents = 0};
    client->is_public_only = public_only;
    whois_client_begin(client, address, query, sizeof query - 1, 4096, INT64_MAX / 2);
    while ((result = whois_client_step(client, fd.revents, 0)) == WHOIS_BUSY && client->phase != WHOIS_TALKING) {
        (void)whois_client_prepare(client, &fd);
        assert_int_equal(poll(&fd, 1, 60000), 1);
    }
    return result;
}

/*
 * The address behind a name is checked at each connection. The owner of a DNS name can change the address at any time.
 */
static void names_that_lead_inside(void **unused)
{
    (void)unused;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (const struct sockaddr *)(const void *)&here, size), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)(void *)&here, &size), 0);
    static const char *const names[] = {"localhost", "127.0.0.1", "[::ffff:127.0.0.1]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char text[64];
        struct whois_client client;
        snprintf(text, sizeof text, "%s:%d", names[i], ntohs(here.sin_port));
        struct whois_address address = address_of(text);
        whois_client_init(&client, take_nothing, NULL);
        assert_int_equal(connect_to(&client, &address, true), WHOIS_FAILED);
        assert_true(client.is_blocked);
        assert_non_null(strstr(client.why, "not public"));
        assert_int_equal(accept(listener, NULL, NULL), -1); /* the system completes connections by itself: none came */
        assert_int_equal(connect_to(&client, &address, false), WHOIS_BUSY); /* a configured server may be local */
        assert_false(client.is_blocked);
        whois_client_fini(&client);
        int connection = accept(listener, NULL, NULL);
        assert_true(connection >= 0);
        close(connection);
    }
    close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(public_addresses),
        cmocka_unit_test(inside_addresses),
        cmocka_unit_test(hosts),
        cmocka_unit_test(names_that_lead_inside),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
