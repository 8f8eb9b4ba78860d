/* Refused under `outputs:`, because it is a resolver. Loads otherwise. */
#include "bad.h"

static enum fx_verdict enrich(void *self, void *worker, struct fx_batch *batch)
{
    (void)self, (void)worker, (void)batch;
    return FX_OK;
}

FX_PLUGIN = {FX_PLUGIN_RESOLVER, BAD_IDENTITY("kind-resolver"), BAD_LIFECYCLE, .enrich = enrich};
