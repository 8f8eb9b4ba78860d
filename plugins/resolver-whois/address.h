/* Where a whois server is: as configured, and looked up without ever blocking. */
#ifndef WHOIS_ADDRESS_H
#define WHOIS_ADDRESS_H

#include <netdb.h>

#include <flow-exporter/visibility.h>

struct whois_address {
    char host[256];
    char port[6];
};

/* Reads host, host:port, [v6] or [v6]:port; the port is 43 if none is given. 0, or -1 with *why a sentence. */
int whois_address_parse(const char *text, struct whois_address *address, const char **why) FX_WARN_UNUSED;

enum whois_lookup_state { WHOIS_LOOKUP_BUSY, WHOIS_LOOKUP_DONE, WHOIS_LOOKUP_FAILED };

struct whois_lookup_job;

/* A look-up of one address, again and again. One thread. Zero it before use. */
struct whois_lookup {
    struct whois_lookup_job *job;
};

/*
 * Begins a look-up if none is under way, and says how it stands: ask again after some milliseconds while it is BUSY.
 * DONE: *found is the caller's, for freeaddrinfo. FAILED: *why is a text. Addresses in numbers are done at once.
 */
enum whois_lookup_state whois_lookup_poll(struct whois_lookup *lookup, const struct whois_address *address,
                                          struct addrinfo **found, const char **why) FX_WARN_UNUSED;
void whois_lookup_fini(struct whois_lookup *lookup);

#endif
