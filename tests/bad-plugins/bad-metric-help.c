/* Refused: a metric without help text. */
#include "bad.h"

static const struct fx_metric metrics[] = {{.name = "rows_total", .kind = FX_COUNTER}, {0}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-metric-help"), BAD_OUTPUT, .metrics = metrics};
