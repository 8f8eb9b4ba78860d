/* Refused: it takes cuts but can't go back to one. */
#include "bad.h"

static int cut(void *self, uint64_t number, struct fx_error *err)
{
    (void)self, (void)number, (void)err;
    return 0;
}

static void take_number(void *self, uint64_t number)
{
    (void)self, (void)number;
}

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-no-rolled-back"), BAD_OUTPUT, .cut = cut, .committed = take_number};
