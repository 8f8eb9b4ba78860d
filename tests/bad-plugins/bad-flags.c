/* Refused: a flag that the program does not know may change what its calls mean. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-flags"), .flags = UINT32_C(1) << 30, BAD_OUTPUT};
