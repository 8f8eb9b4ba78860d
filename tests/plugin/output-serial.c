/*
 * A test output that notes whether its calls overlap. It is built twice: serialized, and not. Each call waits a little
 * for a second one. At the stop the output writes how many calls came while another was under way, and how many ticks
 * there were. With `next` a tick asks for the next one after so many milliseconds.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

struct serial_options {
    const char *file;
    int64_t patience, next;
    const char *calls;
};

struct serial {
    struct fx_instance *instance;
    const struct serial_options *options;
    atomic_int inside;
    atomic_long overlaps, ticks, rows;
};

static int serial_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct serial *serial = calloc(1, sizeof *serial);
    if (!serial)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    serial->instance = instance;
    serial->options = options;
    *self = serial;
    return 0;
}

/* Waits until another call is inside, but not longer than `patience`. */
static void enter(struct serial *serial)
{
    if (atomic_fetch_add(&serial->inside, 1))
        atomic_fetch_add(&serial->overlaps, 1);
    const struct timespec moment = {.tv_nsec = 1000000};
    for (int64_t ms = 0; ms < serial->options->patience && atomic_load(&serial->inside) < 2; ms++)
        nanosleep(&moment, NULL);
    atomic_fetch_sub(&serial->inside, 1);
}

static enum fx_verdict serial_write(void *self, void *worker, const struct fx_batch *batch)
{
    struct serial *serial = self;
    (void)worker;
    enter(serial);
    atomic_fetch_add(&serial->rows, batch->rows);
    return FX_OK;
}

static int serial_tick(void *self)
{
    struct serial *serial = self;
    enter(serial);
    calls_note(serial->options->calls, "tick");
    atomic_fetch_add(&serial->ticks, 1);
    return (int)serial->options->next;
}

static int serial_cut(void *self, uint64_t number, struct fx_error *err)
{
    (void)number, (void)err;
    enter(self);
    return 0;
}

static void serial_committed(void *self, uint64_t number)
{
    (void)number;
    enter(self);
}

static void serial_stop(void *self, int timeout_ms)
{
    struct serial *serial = self;
    (void)timeout_ms;
    FILE *file = fopen(serial->options->file, "we");
    if (!file)
        return;
    fprintf(file, "rows=%ld\nticks=%ld\noverlaps=%ld\n", atomic_load(&serial->rows), atomic_load(&serial->ticks),
            atomic_load(&serial->overlaps));
    fclose(file);
}

static const struct fx_option options[] = {
    {FX_OPTION(struct serial_options, file), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED, .help = "The file."},
    {FX_OPTION(struct serial_options, patience), .type = FX_OPT_DURATION, .fallback = "5ms",
     .help = "How long a call waits for another."},
    {FX_OPTION(struct serial_options, next), .type = FX_OPT_DURATION, .fallback = "0ms",
     .help = "When the next tick is to come."},
    {FX_OPTION(struct serial_options, calls), .type = FX_OPT_STRING, .help = "Where ticks are noted."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,
#ifdef SERIAL
    .name = "output-serial",
    .flags = FX_PLUGIN_SERIALIZED,
#else
    .name = "output-parallel",
#endif
    .version = "1",
    .summary = "Tells whether calls overlap.",
    .options = options,
    .options_size = sizeof(struct serial_options),
    .create = serial_create,
    .destroy = free,
    .stop = serial_stop,
    .tick_interval_ms = 10,
    .tick = serial_tick,
    .write = serial_write,
    .cut = serial_cut,
    .committed = serial_committed,
    .rolled_back = serial_committed,
};
