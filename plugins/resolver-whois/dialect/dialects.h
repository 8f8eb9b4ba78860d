/* All dialects. Constant. */
#ifndef WHOIS_DIALECTS_H
#define WHOIS_DIALECTS_H

#include "dialect/dialect.h"

extern const struct whois_dialect whois_cymru;  /* Team Cymru's bulk interface */
extern const struct whois_dialect whois_rpsl;   /* RIPE, APNIC, AFRINIC, RADB */
extern const struct whois_dialect whois_irrd;   /* IRRd's framed answers */
extern const struct whois_dialect whois_arin;   /* */
extern const struct whois_dialect whois_lacnic; /* */
extern const struct whois_dialect whois_iana;   /* names the server that knows */

/* All dialects, with NULL at the end, and their names for an option, in the same order. */
extern const struct whois_dialect *const whois_dialects[];
extern const char *const whois_dialect_names[];

/* The dialect of a well-known host. Otherwise RPSL, whose reader also accepts the other registries' attributes. */
const struct whois_dialect *whois_dialect_of_host(const char *host);

#endif
