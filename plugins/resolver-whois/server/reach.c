/* Known registries, and addresses that are not public. Constant tables, no state. */
#include "server/reach.h"

#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "dialect/dialects.h"

#define WHOIS_PORT "43"

/* IANA and the regional registries, the national registries that they refer to, and the public databases of routing. */
static const char *const registries[] = {
    "whois.iana.org",   "whois.ripe.net",    "whois.arin.net", "whois.apnic.net", "whois.afrinic.net",
    "whois.lacnic.net", "whois.registro.br", "whois.nic.mx",   "whois.nic.ad.jp", "whois.kisa.or.kr",
    "whois.krnic.net",  "whois.twnic.net",   "whois.cnnic.cn", "whois.radb.net",  "whois.cymru.com",
};

/* A name may end with the dot of the root. */
static bool is_same_host(const char *one, const char *other)
{
    size_t size = strlen(one), other_size = strlen(other);
    size -= size > 1 && one[size - 1] == '.';
    other_size -= other_size > 1 && other[other_size - 1] == '.';
    return size == other_size && strncasecmp(one, other, size) == 0;
}

static bool is_same(const struct whois_address *one, const struct whois_address *other)
{
    return strcmp(one->port, other->port) == 0 && is_same_host(one->host, other->host);
}

static bool is_listed(const struct fx_list *referrals, const struct whois_address *to)
{
    struct whois_address listed;
    const char *why;
    for (size_t i = 0; referrals && i < referrals->count; i++)
        if (whois_address_parse(referrals->items[i], &listed, &why) == 0 && is_same(&listed, to))
            return true;
    return false;
}

static bool is_registry(const struct whois_address *to)
{
    if (strcmp(to->port, WHOIS_PORT) != 0)
        return false;
    for (size_t i = 0; i < sizeof(registries) / sizeof(registries[0]); i++)
        if (is_same_host(registries[i], to->host))
            return true;
    return false;
}

bool whois_reach_allows(const struct whois_server_options *from, const struct whois_address *to, struct whois_way *way)
{
    for (size_t i = 0; i < from->all_count; i++) {
        const struct whois_server_options *server = &from->all[i];
        if (!is_same(&server->address, to))
            continue;
        *way = (struct whois_way){server->dialect, server->flags, false};
        return true;
    }
    const struct whois_dialect *dialect = whois_dialect_of_host(to->host);
    /* The flags are for RIPE only: other servers of this kind, and proxies of them, accept none. */
    *way = (struct whois_way){dialect, dialect == &whois_rpsl ? "" : dialect->flags, false};
    if (is_listed(from->referrals, to))
        return true;
    way->is_public_only = true;
    return is_registry(to);
}

/* IANA's registry of special addresses: those that are not reachable globally, and multicast. */
static bool is_public_v4(uint32_t address)
{
    static const struct {
        uint32_t prefix;
        unsigned bits;
    } inside[] = {
        {0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},  {0xa9fe0000, 16},
        {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24}, {0xc0586300, 24}, {0xc0a80000, 16},
        {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24}, {0xe0000000, 3},
    };
    for (size_t i = 0; i < sizeof(inside) / sizeof(inside[0]); i++)
        if ((address ^ inside[i].prefix) >> (32 - inside[i].bits) == 0)
            return false;
    return true;
}

static uint32_t v4_at(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/*
 * The allocated range, 2000::/3, and NAT64's prefix for IPv4 addresses. An address with an IPv4 address inside is
 * judged by that one.
 */
static bool is_public_v6(const uint8_t *bytes)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff}, nat64[12] = {0x00, 0x64, 0xff, 0x9b};
    if (memcmp(bytes, mapped, sizeof(mapped)) == 0 || memcmp(bytes, nat64, sizeof(nat64)) == 0)
        return is_public_v4(v4_at(bytes + 12));
    if ((bytes[0] & 0xe0) != 0x20)
        return false;
    if (bytes[0] == 0x20 && bytes[1] == 0x02) /* 6to4 */
        return is_public_v4(v4_at(bytes + 2));
    bool is_special = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] < 0x02; /* 2001::/23: Teredo and similar */
    bool is_example = (bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8) ||
                      (bytes[0] == 0x3f && bytes[1] == 0xff && bytes[2] < 0x10);
    return !is_special && !is_example;
}

bool whois_reach_is_public(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof(v4));
        return is_public_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof(v6));
        return is_public_v6(v6.sin6_addr.s6_addr);
    }
    return false;
}
