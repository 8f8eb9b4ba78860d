/*
 * Refused: it calls a function that does not exist. It is linked lazily, so only a loader that binds at once notices.
 */
#include "bad.h"

int bad_function_that_nobody_has(struct fx_instance *instance);

static int create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    (void)options, (void)err;
    *self = NULL;
    return bad_function_that_nobody_has(instance);
}

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-missing-function"), .create = create, .destroy = bad_destroy,
             .write = bad_write};
