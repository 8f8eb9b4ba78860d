/* A test input that gives one record. One of its calls does not return. */
#include <stdlib.h>

#include <flow-exporter/plugin.h>

#include "hang.h"

#define RECORD "{\"bytes\": 1}"

struct hanging {
    const struct hang_options *options;
    struct fx_stream *stream;
};

static int hang_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct hanging *hanging = calloc(1, sizeof *hanging);
    (void)instance;
    if (!hanging)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    hanging->options = options;
    *self = hanging;
    return 0;
}

static enum fx_verdict hang_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    struct hanging *hanging = self;
    const struct timespec pause = {.tv_nsec = timeout_ms * 1000000L};
    const struct fx_payload payload = {.data = RECORD, .size = sizeof RECORD - 1, .offset = 0, .next = 1};
    (void)worker;
    if (hanging->stream) {
        hang_at(hanging->options, "poll");
        nanosleep(&pause, NULL);
        return FX_AGAIN;
    }
    hanging->stream = fx_stream_begin(feed, "records", -1, 0);
    return fx_feed_push(feed, hanging->stream, &payload);
}

static enum fx_verdict hang_commit(void *self, const struct fx_checkpoint *checkpoint, int timeout_ms,
                                   struct fx_error *err)
{
    struct hanging *hanging = self;
    (void)checkpoint, (void)timeout_ms, (void)err;
    hang_at(hanging->options, "commit");
    return FX_OK;
}

static void hang_rewind(void *self, const struct fx_checkpoint *checkpoint)
{
    (void)self, (void)checkpoint;
}

static void hang_stop(void *self, int timeout_ms)
{
    struct hanging *hanging = self;
    (void)timeout_ms;
    hang_at(hanging->options, "stop");
}

static const struct fx_option options[] = {HANG_OPTIONS};

FX_PLUGIN = {FX_PLUGIN_INPUT,      .name = "input-hang",
             .version = "1",       .summary = "Gives one record, and does not return from one of its calls.",
             .options = options,   .options_size = sizeof(struct hang_options),
             .max_workers = 1,     .create = hang_create,
             .destroy = free,      .stop = hang_stop,
             .poll = hang_poll,    .commit = hang_commit,
             .rewind = hang_rewind};
