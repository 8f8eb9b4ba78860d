/* Refused: a metric with labels and no bound on the number of its series. */
#include "bad.h"

static const char *const labels[] = {"topic", "partition", NULL};
static const struct fx_metric metrics[] = {{.name = "lag", .kind = FX_GAUGE, .help = "The lag.", .labels = labels},
                                           {0}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-metric-labels"), BAD_OUTPUT, .metrics = metrics};
