/*
 * Any bytes as a payload: the decoder, in every way of scanning, against RFC 8259 and json-c. Each input has new
 * decoders, so that it reproduces alone, and goes through them twice, so that what was learnt is used as well.
 */
#include <stdint.h>
#include <stdlib.h>

#include "tests/unit/decode_check.h"

#define MAX_DEPTH 6

static const struct fxi_field fields[] = {{"as_src", FX_UNSIGNED, 0}, {"as_dst", FX_SIGNED, 0},
                                          {"bytes", FX_DOUBLE, 0},    {"bytes", FX_TEXT, 0},
                                          {"label.nkey", FX_TEXT, 0}, {"label", FX_TEXT, 0}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct decode_checker *checker = decode_checker_new(fields, sizeof fields / sizeof *fields, MAX_DEPTH);
    for (int round = 0; round < 2; round++)
        if (!decode_check(checker, (const char *)data, size))
            abort();
    decode_checker_free(checker);
    return 0;
}
