/* A test output that crashes in the call, and in the way, that its options name. */
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

struct crash_options {
    const char *at;
    const char *how;
};

/* The volatile variables keep the compiler from removing the fault. */
static int overflow(volatile char *above)
{
    volatile char frame[4096];
    frame[0] = above ? above[0] : 1;
    return frame[0] ? overflow(frame) + frame[0] : 0;
}

static void crash_at(const struct crash_options *options, const char *call)
{
    if (strcmp(options->at, call) != 0)
        return;
    if (strcmp(options->how, "abort") == 0)
        abort();
    if (strcmp(options->how, "overflow") == 0)
        exit(overflow(NULL));
    volatile uintptr_t nowhere = 8;
    *(volatile int *)nowhere = 1;
}

static int crash_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct crash_options **kept = malloc(sizeof(void *));
    (void)instance;
    if (!kept)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *kept = options;
    crash_at(options, "create");
    *self = kept;
    return 0;
}

static enum fx_verdict crash_write(void *self, void *worker, const struct fx_batch *batch)
{
    (void)worker, (void)batch;
    crash_at(*(const struct crash_options **)self, "write");
    return FX_OK;
}

static const struct fx_option options[] = {
    {FX_OPTION(struct crash_options, at), .type = FX_OPT_STRING, .fallback = "none", .help = "The call."},
    {FX_OPTION(struct crash_options, how), .type = FX_OPT_STRING, .fallback = "fault", .help = "The way."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,       .name = "output-crash", .version = "1",
    .summary = "Crashes.",  .options = options,     .options_size = sizeof(struct crash_options),
    .create = crash_create, .destroy = free,        .write = crash_write,
};
