/* Refused: an input that is serialized would wait for itself. */
#include "bad.h"

static enum fx_verdict bad_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    (void)self, (void)worker, (void)feed, (void)timeout_ms;
    return FX_END;
}

FX_PLUGIN = {FX_PLUGIN_INPUT, BAD_IDENTITY("bad-serialized"), .flags = FX_PLUGIN_SERIALIZED, BAD_LIFECYCLE,
             .poll = bad_poll};
