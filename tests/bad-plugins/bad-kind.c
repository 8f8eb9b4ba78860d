/* Refused: a kind of plugin that there is not. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_HEADER(9), BAD_IDENTITY("bad-kind"), BAD_OUTPUT};
