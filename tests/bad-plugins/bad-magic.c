/* Refused: its magic number is not ours, so no other member may be believed. */
#include "bad.h"

FX_PLUGIN = {.magic = UINT32_C(0x12345678),
             .abi_major = FX_ABI_MAJOR,
             .abi_minor = FX_ABI_MINOR,
             .size = sizeof(struct fx_plugin),
             .kind = FX_KIND_OUTPUT,
             .name = BAD_POINTER,
             .options = BAD_POINTER};
