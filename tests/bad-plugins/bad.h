/*
 * What the broken plugins share: operations that would work if they were called, and the sound parts of a descriptor.
 * No operation is ever called, since the loader must refuse each of these plugins first.
 */
#ifndef BAD_PLUGINS_BAD_H
#define BAD_PLUGINS_BAD_H

#include <flow-exporter/plugin.h>

static inline int bad_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    (void)instance, (void)options, (void)err;
    *self = NULL;
    return 0;
}

static inline void bad_destroy(void *self)
{
    (void)self;
}

static inline enum fx_verdict bad_write(void *self, void *worker, const struct fx_batch *batch)
{
    (void)self, (void)worker, (void)batch;
    return FX_OK;
}

/* A pointer that must not be followed: following it crashes. */
#define BAD_POINTER ((const void *)1)

#define BAD_IDENTITY(name_) .name = (name_), .version = "1", .summary = "Must be refused."
#define BAD_LIFECYCLE       .create = bad_create, .destroy = bad_destroy
#define BAD_OUTPUT          BAD_LIFECYCLE, .write = bad_write

#endif
