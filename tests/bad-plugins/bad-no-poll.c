/* Refused: an input without the operation poll. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_INPUT, BAD_IDENTITY("bad-no-poll"), BAD_LIFECYCLE};
