/* Refused: an output without the operation write. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-no-write"), BAD_LIFECYCLE};
