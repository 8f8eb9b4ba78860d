/* The parser with scan_avx2.h. */
#ifdef __x86_64__
#include "decode/scan_avx2.h"

#include "decode/parse.h"

FXI_TARGET const char *fxi_parse_avx2(struct fxi_decoder *d, const char *at)
{
    return parse_record(d, at);
}
#else
typedef int fxi_parse_avx2_is_not_here;
#endif
