/* Refused: an option's place is beyond the options struct. */
#include "bad.h"

struct bad_options {
    int64_t count;
};

static const struct fx_option options[] = {
    {.key = "count",
     .type = FX_OPT_INTEGER,
     .offset = sizeof(struct bad_options),
     .fallback = "1",
     .help = "How many."},
    {0},
};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-option-place"), .options = options,
             .options_size = sizeof(struct bad_options), BAD_OUTPUT};
