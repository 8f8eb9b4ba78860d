/*
 * Where a referral may lead. A server's answer is foreign text. Without a limit, anybody who can answer makes the
 * program connect to any host and port of its network. Pure functions of their arguments.
 */
#ifndef WHOIS_REACH_H
#define WHOIS_REACH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#include "server/address.h"
#include "server/server.h"

struct whois_way {
    const struct whois_dialect *dialect;
    const char *flags;
    bool is_public_only; /* the configuration does not name the server: whois_reach_is_public must hold for its
                          * addresses */
};

/*
 * Whether a referral to this address may be followed, and how. Allowed are servers and entries of 'referrals' in the
 * configuration, and registries known by name, on port 43.
 */
bool whois_reach_allows(const struct whois_server_options *from, const struct whois_address *to, struct whois_way *way);

/*
 * Whether the address is on the public Internet: not loopback, private, link-local, multicast or reserved, and
 * without such an address inside.
 */
bool whois_reach_is_public(const struct sockaddr *address);

#endif
