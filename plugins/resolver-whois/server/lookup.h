/* Looks the addresses of a server up without ever blocking. One thread uses a look-up; zero it before. */
#ifndef WHOIS_LOOKUP_H
#define WHOIS_LOOKUP_H

#include <netdb.h>

#include <flow-exporter/visibility.h>

#include "server/address.h"

enum whois_lookup_state { WHOIS_LOOKUP_BUSY, WHOIS_LOOKUP_DONE, WHOIS_LOOKUP_FAILED };

struct whois_lookup_job;

struct whois_lookup {
    struct whois_lookup_job *job; /* under way, or NULL */
};

/*
 * Begins a look-up if none is under way, and says how it stands. BUSY: go on when whois_lookup_fd is readable.
 * DONE: *found is the caller's, for freeaddrinfo. FAILED: *why is a text. Addresses in numbers are done at once.
 */
enum whois_lookup_state whois_lookup_poll(struct whois_lookup *lookup, const struct whois_address *address,
                                          struct addrinfo **found, const char **why) FX_WARN_UNUSED;
/* What to poll for POLLIN while it is busy, else -1. */
int whois_lookup_fd(const struct whois_lookup *lookup);
/* Gives up at once, also in the midst of a look-up. */
void whois_lookup_fini(struct whois_lookup *lookup);

#endif
