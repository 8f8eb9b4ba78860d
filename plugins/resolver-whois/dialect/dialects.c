/* The list of dialects, and which one a host speaks. */
#include "dialect/dialects.h"

#include <strings.h>

const struct whois_dialect *const whois_dialects[] = {&whois_cymru,  &whois_rpsl, &whois_irrd, &whois_arin,
                                                      &whois_lacnic, &whois_iana, NULL};
const char *const whois_dialect_names[] = {"cymru", "rpsl", "irrd", "arin", "lacnic", "iana", NULL};

const struct whois_dialect *whois_dialect_of_host(const char *host)
{
    static const struct {
        const char *host;
        const struct whois_dialect *dialect;
    } known[] = {{"whois.cymru.com", &whois_cymru},
                 {"whois.arin.net", &whois_arin},
                 {"whois.lacnic.net", &whois_lacnic},
                 {"whois.iana.org", &whois_iana}};
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(host, known[i].host) == 0)
            return known[i].dialect;
    return &whois_rpsl;
}
