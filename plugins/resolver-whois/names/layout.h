/* The layouts of lines in which names of AS numbers are published. Any thread. Lines are changed in place. */
#ifndef WHOIS_LAYOUT_H
#define WHOIS_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct whois_layout {
    uint32_t first, last; /* the same, if it is no range */
    char *name;           /* in the line */
    size_t name_size;
};

/*
 * Finds numbers and name in a line, which is one of:
 *
 *     15169<TAB>GOOGLE - Google LLC, US                    cidr-report's asn.txt
 *     3333 RIPE-NCC-AS Reseaux IP, NL                      RIPE's asn.txt
 *     AS3333        RIPE-NCC-AS Reseaux IP                 RIPE's asnames.txt
 *      15169-15170            GOOGLE     POC               ARIN's asn.txt: a space first, columns
 *     AS15169,"Google, LLC",Content,US                     bgp.tools' asns.csv; other fields may be absent
 *     8.8.8.0/24,15169,GOOGLE                              GeoLite2-ASN-Blocks-IPv4.csv and -IPv6.csv
 *     15169   | US | arin     | 2000-03-30 | GOOGLE, US    an answer of Team Cymru's whois server
 *     <a href="...">AS15169</a> GOOGLE - Google LLC, US    cidr-report's pages
 */
bool whois_layout_read(char *line, size_t size, struct whois_layout *found);

#endif
