/* Refused: a metric without help text. */
#include "bad.h"

static const struct fx_metric metrics[] = {{"rows_total", FX_COUNTER, NULL, NULL, NULL}, {0}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-metric-help"), BAD_OUTPUT, .metrics = metrics};
