/* Refused: it makes worker contexts that nobody could free. */
#include "bad.h"

static int worker_new(void *self, unsigned index, void **worker, struct fx_error *err)
{
    (void)self, (void)index, (void)err;
    *worker = NULL;
    return 0;
}

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-no-worker-free"), BAD_OUTPUT, .worker_new = worker_new};
