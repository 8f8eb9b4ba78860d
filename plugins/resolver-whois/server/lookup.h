/* Looks up the addresses of a server without ever blocking. One thread uses a look-up; zero it before. */
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
 * Begins a look-up if none is under way, and gives its state. BUSY: call again when whois_lookup_fd is readable.
 * DONE: the caller owns *found and frees it with freeaddrinfo. FAILED: *why is a text. Numeric addresses are done at
 * once.
 */
enum whois_lookup_state whois_lookup_poll(struct whois_lookup *lookup, const struct whois_address *address,
                                          struct addrinfo **found, const char **why) FX_WARN_UNUSED;
/* The descriptor to poll for POLLIN while the look-up is busy, otherwise -1. */
int whois_lookup_fd(const struct whois_lookup *lookup);
/* Gives up at once, even during a look-up. */
void whois_lookup_fini(struct whois_lookup *lookup);

#endif
