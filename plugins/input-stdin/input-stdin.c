/*
 * input-stdin: JSON records from standard input, on lines or in lists. One worker, its
 * thread only. It can't replay: only a clean stop is exact. So it
 * takes what is in the pipe when the program stops.
 */
#include <flow-exporter/plugin.h>

#include "reader.h"

static const struct fx_option options[] = {
    {FX_OPTION(struct stdin_options, serve_after_end), .type = FX_OPT_BOOL, .fallback = "true",
     .help = "Whether the program continues to serve its counters after the end of its input. Otherwise the program "
             "ends as well."},
    {FX_OPTION(struct stdin_options, max_line), .type = FX_OPT_SIZE, .fallback = "1MiB", .min = 256 * 1024,
     .max = (int64_t)1 << 30,
     .help = "The longest record that is read, whether it is a line, spans lines or is an element of a list. A longer "
             "line is "
             "counted as malformed (reason too_long) and skipped."},
    {.key = NULL}};

FX_PLUGIN = {FX_PLUGIN_INPUT,          .name = "input-stdin",
             .version = "0.1.0",       .summary = "Reads JSON records from standard input, on lines or in lists.",
             .options = options,       .options_size = sizeof(struct stdin_options),
             .max_workers = 1,         .create = stdin_create,
             .destroy = stdin_destroy, .stop = stdin_stop,
             .poll = stdin_poll,       .drain = stdin_drain};
