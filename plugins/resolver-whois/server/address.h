/* The address of a whois server, as configured. A pure function of its argument. */
#ifndef WHOIS_ADDRESS_H
#define WHOIS_ADDRESS_H

#include <flow-exporter/visibility.h>

struct whois_address {
    char host[256];
    char port[6];
};

/* Reads host, host:port, [v6] or [v6]:port. The default port is 43. 0, or -1 with a sentence in *why. */
int whois_address_parse(const char *text, struct whois_address *address, const char **why) FX_WARN_UNUSED;

#endif
