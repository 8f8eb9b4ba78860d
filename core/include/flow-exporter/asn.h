/* AS numbers as people write them. Source: RFC 5396 (asplain, asdot). */
#ifndef FLOW_EXPORTER_ASN_H
#define FLOW_EXPORTER_ASN_H

#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

/*
 * Reads one AS number: 15169, AS15169 (in any case), 15_169, or asdot, such as 1.10, which is 65546. Fills *number and
 * returns 0, or returns FX_EINVAL with a sentence that begins with the text. Any thread; no memory, no locale.
 */
FX_API int fx_asn_read(const char *text, uint32_t *number, struct fx_error *err);

#endif
