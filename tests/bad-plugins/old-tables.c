/* Not refused: made for ABI 1.0, when the descriptor and the rows of its tables were shorter. */
#include <stdbool.h>

#include "bad.h"

static const char *const values[] = {"a", "b", NULL};

static const struct {
    const char *name;
    enum fx_metric_kind kind;
    const char *help, *label;
    const char *const *values;
} metrics[] = {{"first_total", FX_COUNTER, "The first.", NULL, NULL},
               {"second", FX_GAUGE, "The second.", "value", values},
               {"third_total", FX_COUNTER, "The third.", NULL, NULL},
               {0}};

struct old_options {
    bool flag;
    int64_t number;
};

static const struct {
    const char *key;
    enum fx_option_type type;
    unsigned flags;
    size_t offset;
    const char *fallback;
    int64_t min, max;
    const char *const *choices;
    const char *unit, *help;
} options[] = {{"flag", FX_OPT_BOOL, 0, offsetof(struct old_options, flag), "true", 0, 0, NULL, NULL, "A flag."},
               {"number", FX_OPT_INTEGER, 0, offsetof(struct old_options, number), "7", 1, 9, NULL, NULL, "A number."},
               {0}};

FX_PLUGIN = {
    .magic = FX_ABI_MAGIC,
    .abi_major = 1,
    .abi_minor = 0,
    .size = offsetof(struct fx_plugin, restore) + sizeof(fx_plugin_descriptor.restore),
    .kind = FX_KIND_OUTPUT,
    BAD_IDENTITY("old-tables"),
    BAD_OUTPUT,
    .options = (const void *)options,
    .options_size = sizeof(struct old_options),
    .metrics = (const void *)metrics,
};
