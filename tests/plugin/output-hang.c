/* A test output. One of its calls does not return. */
#include <stdlib.h>

#include <flow-exporter/plugin.h>

#include "hang.h"

static int hang_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct hang_options **kept = malloc(sizeof(void *));
    (void)instance;
    if (!kept)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *kept = options;
    hang_at(options, "create");
    *self = kept;
    return 0;
}

static void hang(void *self, const char *call)
{
    hang_at(*(const struct hang_options **)self, call);
}

static int hang_start(void *self, struct fx_error *err)
{
    (void)err;
    hang(self, "start");
    return 0;
}

static int hang_worker_new(void *self, unsigned index, void **worker, struct fx_error *err)
{
    (void)index, (void)err;
    hang(self, "worker_new");
    *worker = self;
    return 0;
}

static void hang_worker_free(void *self, void *worker)
{
    (void)worker;
    hang(self, "worker_free");
}

static enum fx_verdict hang_write(void *self, void *worker, const struct fx_batch *batch)
{
    (void)worker, (void)batch;
    hang(self, "write");
    calls_note((*(const struct hang_options **)self)->calls, "written");
    return FX_OK;
}

static int hang_tick(void *self)
{
    hang(self, "tick");
    return 0;
}

static void hang_before_cut(void *self)
{
    hang(self, "before_cut");
}

static int hang_cut(void *self, uint64_t number, struct fx_error *err)
{
    (void)number, (void)err;
    hang(self, "cut");
    return 0;
}

static enum fx_verdict hang_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    (void)checkpoint, (void)err;
    hang(self, "prepare");
    return FX_OK;
}

static void hang_committed(void *self, uint64_t number)
{
    (void)number;
    hang(self, "committed");
}

static void hang_rolled_back(void *self, uint64_t number)
{
    (void)self, (void)number;
}

static int hang_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err)
{
    (void)checkpoint, (void)err;
    hang(self, "restore");
    return 0;
}

static void hang_stop(void *self, int timeout_ms)
{
    (void)timeout_ms;
    hang(self, "stop");
}

static void hang_destroy(void *self)
{
    hang(self, "destroy");
    free(self);
}

static const struct fx_option options[] = {HANG_OPTIONS};

FX_PLUGIN = {FX_PLUGIN_OUTPUT,
             .name = "output-hang",
             .version = "1",
             .summary = "Does not return from one of its calls.",
             .options = options,
             .options_size = sizeof(struct hang_options),
             .tick_interval_ms = 10,
             .create = hang_create,
             .destroy = hang_destroy,
             .start = hang_start,
             .stop = hang_stop,
             .worker_new = hang_worker_new,
             .worker_free = hang_worker_free,
             .tick = hang_tick,
             .write = hang_write,
             .cut = hang_cut,
             .prepare = hang_prepare,
             .committed = hang_committed,
             .rolled_back = hang_rolled_back,
             .restore = hang_restore,
             .before_cut = hang_before_cut};
