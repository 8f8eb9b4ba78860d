/* Refused: its descriptor is shorter than the first version's. It ends where a careless reader would go on. */
/* The header's own declaration has the whole type. This moves it out of the way. */
#define fx_plugin_descriptor whole_descriptor
#include <flow-exporter/plugin.h>
#undef fx_plugin_descriptor

extern FX_API const struct short_plugin {
    uint32_t magic;
    uint16_t abi_major, abi_minor;
    uint32_t size, kind;
} fx_plugin_descriptor;

const struct short_plugin fx_plugin_descriptor = {
    .magic = FX_ABI_MAGIC,
    .abi_major = FX_ABI_MAJOR,
    .abi_minor = FX_ABI_MINOR,
    .size = sizeof(struct short_plugin),
    .kind = FX_KIND_OUTPUT,
};
