/* Refused: made for ABI 1.2, whose descriptor had another order. */
/* The header's own declaration has today's type. This moves it out of the way. */
#define fx_plugin_descriptor todays_descriptor
#include "bad.h"
#undef fx_plugin_descriptor

/* The beginning is the same in all versions. The loader must not look at the rest. */
extern FX_API const struct old_plugin {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t size, kind;
    const void *places[64];
} fx_plugin_descriptor;

const struct old_plugin fx_plugin_descriptor = {
    .magic = FX_ABI_MAGIC,
    .abi_major = 1,
    .abi_minor = 2,
    .size = 256,
    .kind = FX_KIND_OUTPUT,
    .places = {BAD_POINTER, BAD_POINTER, BAD_POINTER, BAD_POINTER, BAD_POINTER},
};
