/* The parser with scan_portable.h. */
#include "decode/scan_portable.h"

#include "decode/parse.h"

const char *fxi_parse_portable(struct fxi_decoder *d, const char *at)
{
    return parse_record(d, at);
}
