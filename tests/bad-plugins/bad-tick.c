/* Refused: ticks without an interval. */
#include "bad.h"

static int bad_tick(void *self)
{
    (void)self;
    return 0;
}

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-tick"), BAD_OUTPUT, .tick = bad_tick};
