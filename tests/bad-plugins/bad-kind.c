/* Refused: it is of an unknown kind. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_HEADER(9), BAD_IDENTITY("bad-kind"), BAD_OUTPUT};
