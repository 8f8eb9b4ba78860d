/* Refused: two options with the same key. */
#include "bad.h"

struct bad_options {
    int64_t count;
};

static const struct fx_option options[] = {
    {FX_OPTION(struct bad_options, count), .type = FX_OPT_INTEGER, .fallback = "1", .help = "How many."},
    {FX_OPTION(struct bad_options, count), .type = FX_OPT_INTEGER, .fallback = "2", .help = "How many."},
    {0},
};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-option-duplicate"), .options = options,
             .options_size = sizeof(struct bad_options), BAD_OUTPUT};
