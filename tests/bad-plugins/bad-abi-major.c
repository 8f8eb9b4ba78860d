/* Refused: made for another major version of the contract. */
#include "bad.h"

FX_PLUGIN = {.magic = FX_ABI_MAGIC,
             .abi_major = FX_ABI_MAJOR + 1,
             .abi_minor = FX_ABI_MINOR,
             .size = sizeof(struct fx_plugin),
             .kind = FX_KIND_OUTPUT,
             .name = BAD_POINTER,
             .options = BAD_POINTER};
