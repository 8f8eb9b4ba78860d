/* The parser with scan_sse2.h. */
#ifdef __x86_64__
#include "decode/scan_sse2.h"

#include "decode/parse.h"

const char *fxi_parse_sse2(struct fxi_decoder *d, const char *at)
{
    return parse_record(d, at);
}
#else
typedef int fxi_parse_sse2_is_not_here;
#endif
