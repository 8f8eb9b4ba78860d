/* Refused: an output without the operation create. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-no-create"), .destroy = bad_destroy, .write = bad_write};
