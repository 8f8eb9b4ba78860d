/* Not refused: it shows that the others are refused for what is wrong with them. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, .name = "good", .version = "1", .summary = "Loads.", BAD_OUTPUT};
