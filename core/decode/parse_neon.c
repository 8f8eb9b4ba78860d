/* The parser with scan_neon.h. */
#ifdef __aarch64__
#include "decode/scan_neon.h"

#include "decode/parse.h"

const char *fxi_parse_neon(struct fxi_decoder *d, const char *at)
{
    return parse_record(d, at);
}
#else
typedef int fxi_parse_neon_is_not_here;
#endif
