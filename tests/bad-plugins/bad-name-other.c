/* Refused: its name differs from the file's. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("somebody-else"), BAD_OUTPUT};
