/* Refused: an output without the operation destroy. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_OUTPUT, BAD_IDENTITY("bad-no-destroy"), .create = bad_create, .write = bad_write};
