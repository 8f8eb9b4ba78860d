/* Not refused: made for ABI 1.0, when the descriptor and the rows of a metric table were shorter. */
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

FX_PLUGIN = {
    .magic = FX_ABI_MAGIC,
    .abi_major = 1,
    .abi_minor = 0,
    .size = offsetof(struct fx_plugin, restore) + sizeof(fx_plugin_descriptor.restore),
    .kind = FX_KIND_OUTPUT,
    BAD_IDENTITY("old-metrics"),
    BAD_OUTPUT,
    .metrics = (const void *)metrics,
};
