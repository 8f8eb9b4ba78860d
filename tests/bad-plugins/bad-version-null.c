/* Refused: it has no version. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, .name = "bad-version-null", .summary = "Must be refused.", BAD_OUTPUT};
