/*
 * input-stdin: newline-separated JSON from standard input. One worker; only its thread enters this file. The input
 * cannot replay: only a clean stop is exact.
 */
#include <flow-exporter/plugin.h>

#include "reader.h"

static const struct fx_option options[] = {
    {FX_OPTION(struct stdin_options, serve_after_end), .type = FX_OPT_BOOL, .fallback = "true",
     .help = "Whether the program continues to serve its counters after the end of its input. Otherwise it ends, too."},
    {FX_OPTION(struct stdin_options, max_line), .type = FX_OPT_SIZE, .fallback = "1MiB", .min = 256 * 1024,
     .max = (int64_t)1 << 30,
     .help = "The longest line that is read. Longer lines are counted as malformed (reason too_long) and skipped."},
    {.key = NULL}};

FX_PLUGIN = {FX_PLUGIN_INPUT,          .name = "input-stdin",
             .version = "0.1.0",       .summary = "Reads newline-separated JSON records from standard input.",
             .options = options,       .options_size = sizeof(struct stdin_options),
             .max_workers = 1,         .create = stdin_create,
             .destroy = stdin_destroy, .poll = stdin_poll};
