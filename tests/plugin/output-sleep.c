/* A test output whose write sleeps for an hour, unless the program stops. */
#include <stdlib.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

struct sleep_options {
    const char *calls;
};

struct sleeper {
    struct fx_instance *instance;
    const struct sleep_options *options;
};

static int sleep_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct sleeper *sleeper = calloc(1, sizeof *sleeper);
    if (!sleeper)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *sleeper = (struct sleeper){.instance = instance, .options = options};
    *self = sleeper;
    return 0;
}

static enum fx_verdict sleep_write(void *self, void *worker, const struct fx_batch *batch)
{
    struct sleeper *sleeper = self;
    (void)worker, (void)batch;
    calls_note(sleeper->options->calls, "short: %d, stopping: %d", fx_sleep(sleeper->instance, 1),
               fx_stopping(sleeper->instance));
    calls_note(sleeper->options->calls, "sleeps");
    int stops = fx_sleep(sleeper->instance, 3600 * 1000);
    calls_note(sleeper->options->calls, "woken: %d, stopping: %d", stops, fx_stopping(sleeper->instance));
    return FX_OK;
}

static const struct fx_option options[] = {
    {FX_OPTION(struct sleep_options, calls), .type = FX_OPT_STRING, .help = "Where calls are noted."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,       .name = "output-sleep",
    .version = "1",         .summary = "Sleeps until the stop.",
    .options = options,     .options_size = sizeof(struct sleep_options),
    .create = sleep_create, .destroy = free,
    .write = sleep_write,
};
