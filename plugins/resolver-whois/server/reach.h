/*
 * To whom an answer may send us on. What a server says is foreign text: without a bound, whoever can answer makes the
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
    bool is_public_only; /* the configuration does not name it: whois_reach_is_public must hold of its addresses */
};

/*
 * Whether a referral to this address may be followed, and how: a server or an entry of 'referrals' in the
 * configuration, or a registry that is known by its name, on port 43.
 */
bool whois_reach_allows(const struct whois_server_options *from, const struct whois_address *to, struct whois_way *way);

/* Whether it is an address of the Internet: not loopback, private, link-local, multicast, reserved, or one that has such inside. */
bool whois_reach_is_public(const struct sockaddr *address);

#endif
