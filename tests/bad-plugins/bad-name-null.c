/* Refused: it has no name. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, .version = "1", .summary = "Must be refused.", BAD_OUTPUT};
