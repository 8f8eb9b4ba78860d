/* Refused: a histogram whose bounds do not ascend. */
#include "bad.h"

static const double bounds[] = {0.1, 1, 1};
static const struct fx_metric metrics[] = {
    {.name = "row_seconds", .kind = FX_HISTOGRAM, .help = "Seconds of a row.", FX_BOUNDS(bounds)}, {0}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-metric-bounds"), BAD_OUTPUT, .metrics = metrics};
