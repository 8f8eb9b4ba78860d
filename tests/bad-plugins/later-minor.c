/*
 * Not refused: it is made for a later minor version, whose descriptor is longer. The loader does not look at the part
 * beyond our descriptor.
 */
/* The header's own declaration has today's type. This moves it out of the way. */
#define fx_plugin_descriptor todays_descriptor
#include "bad.h"
#undef fx_plugin_descriptor

/* The descriptor as a later header may declare it. The symbol is declared by hand, because its type differs. */
extern FX_API const struct later_plugin {
    struct fx_plugin known;
    void (*new_operation)(void *self);
    const void *new_table;
} fx_plugin_descriptor;

const struct later_plugin fx_plugin_descriptor = {
    .known = {.magic = FX_ABI_MAGIC,
              .abi_major = FX_ABI_MAJOR,
              .abi_minor = FX_ABI_MINOR + 1,
              .size = sizeof(struct later_plugin),
              .kind = FX_KIND_OUTPUT,
              BAD_IDENTITY("later-minor"),
              BAD_OUTPUT},
    .new_operation = bad_destroy,
    .new_table = BAD_POINTER,
};
