/* Refused: a size that this minor version does not have. */
#include "bad.h"

FX_PLUGIN = {.magic = FX_ABI_MAGIC,
             .abi_major = FX_ABI_MAJOR,
             .abi_minor = FX_ABI_MINOR,
             .size = sizeof(struct fx_plugin) + 8,
             .kind = FX_KIND_OUTPUT,
             .name = BAD_POINTER,
             .options = BAD_POINTER};
