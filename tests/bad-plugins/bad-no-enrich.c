/* Refused: a resolver without the operation enrich. */
#include "bad.h"

FX_PLUGIN = {FX_PLUGIN_RESOLVER, BAD_IDENTITY("bad-no-enrich"), BAD_LIFECYCLE};
