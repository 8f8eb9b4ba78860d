/* Refused: the default of an option is not a value of its type. */
#include "bad.h"

struct bad_options {
    int64_t count;
};

static const struct fx_option options[] = {
    {FX_OPTION(struct bad_options, count), .type = FX_OPT_INTEGER, .fallback = "many", .help = "How many."},
    {0},
};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-option-default"), .options = options,
             .options_size = sizeof(struct bad_options), BAD_OUTPUT};
