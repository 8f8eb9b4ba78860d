/* Not refused: it shows that the other plugins are refused only for their faults. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, .name = "good", .version = "1", .summary = "Loads.", BAD_OUTPUT};
