/* The checks of a plugin's descriptor. Main thread. */
#include "plugin/check.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "config/config.h"
#include "config/options.h"

/* The last member of ABI 2.0. */
#define SIZE_2_0 (offsetof(struct fx_plugin, restore) + sizeof(((struct fx_plugin *)0)->restore))

#define KNOWN_FLAGS (FX_PLUGIN_SERIALIZED | FX_PLUGIN_MUST_NOT_LOSE)

const char *fxi_kind_name(enum fx_kind kind)
{
    switch (kind) {
    case FX_KIND_INPUT:
        return "input";
    case FX_KIND_RESOLVER:
        return "resolver";
    case FX_KIND_OUTPUT:
        return "output";
    }
    return "unknown";
}

static int check_abi(const struct fx_plugin *found, const char *file, struct fx_error *err)
{
    if (found->magic != FX_ABI_MAGIC)
        return fx_error_set(err, FX_EABI, "%s: not a flow-exporter plugin (its magic number is 0x%08x, not 0x%08x)",
                            file, (unsigned)found->magic, (unsigned)FX_ABI_MAGIC);
    if (found->abi_major != FX_ABI_MAJOR)
        return fx_error_set(err, FX_EABI,
                            "%s: made for plugin ABI %u.%u, but this program has %d.%d; build the plugin again with "
                            "this version's headers",
                            file, found->abi_major, found->abi_minor, FX_ABI_MAJOR, FX_ABI_MINOR);
    bool is_later = found->abi_minor > FX_ABI_MINOR; /* it may be longer: what follows is for programs that know it */
    if (found->size < SIZE_2_0 || (!is_later && found->size > sizeof *found) ||
        (found->abi_minor == FX_ABI_MINOR && found->size != sizeof *found))
        return fx_error_set(err, FX_EABI, "%s: its descriptor has %u bytes, ABI %u.%u has %zu; build the plugin again",
                            file, (unsigned)found->size, found->abi_major, found->abi_minor, sizeof *found);
    return 0;
}

static int check_identity(const struct fx_plugin *plugin, const char *file, const char *name, struct fx_error *err)
{
    if (!plugin->name)
        return fx_error_set(err, FX_EABI, "%s: the plugin has no name", file);
    if (strcmp(plugin->name, name) != 0)
        return fx_error_set(err, FX_EABI, "%s: the plugin calls itself '%s'; its file must have the same name", file,
                            plugin->name);
    if (!plugin->version || !plugin->summary)
        return fx_error_set(err, FX_EABI, "%s: the plugin has no %s", file, plugin->version ? "summary" : "version");
    if (plugin->kind < FX_KIND_INPUT || plugin->kind > FX_KIND_OUTPUT)
        return fx_error_set(err, FX_EABI, "%s: unknown kind of plugin: %u", file, (unsigned)plugin->kind);
    return 0;
}

static int check_callbacks(const struct fx_plugin *plugin, const char *file, struct fx_error *err)
{
    const char *missing = NULL;
    if (!plugin->create)
        missing = "create";
    else if (!plugin->destroy)
        missing = "destroy";
    else if (plugin->kind == FX_KIND_INPUT && !plugin->poll)
        missing = "poll";
    else if (plugin->kind == FX_KIND_RESOLVER && !plugin->enrich)
        missing = "enrich";
    else if (plugin->kind == FX_KIND_OUTPUT && !plugin->write)
        missing = "write";
    else if (plugin->worker_new && !plugin->worker_free)
        missing = "worker_free";
    else if (plugin->letter_send && !plugin->letter_store)
        missing = "letter_store";
    else if (plugin->prepare && !plugin->cut)
        missing = "cut";
    else if (plugin->cut && !plugin->committed)
        missing = "committed";
    else if (plugin->cut && !plugin->rolled_back)
        missing = "rolled_back";
    else if (plugin->tick_interval_ms && !plugin->tick)
        missing = "tick";
    else if (plugin->command && !plugin->run_command)
        missing = "run_command";
    else if (plugin->command && !plugin->command_help)
        missing = "command_help";
    if (missing)
        return fx_error_set(err, FX_EABI, "%s: the %s plugin lacks the operation '%s'", file,
                            fxi_kind_name(plugin->kind), missing);
    return 0;
}

static int check_flags(const struct fx_plugin *plugin, const char *file, struct fx_error *err)
{
    uint32_t unknown = plugin->flags & ~(uint32_t)KNOWN_FLAGS;
    if (unknown)
        return fx_error_set(err, FX_EABI, "%s: the plugin has flags that this program does not know: 0x%x", file,
                            (unsigned)unknown);
    if (plugin->flags & FX_PLUGIN_SERIALIZED && plugin->kind == FX_KIND_INPUT)
        return fx_error_set(err, FX_EABI, "%s: an input can't be serialized; it may have max_workers 1", file);
    if (plugin->flags & FX_PLUGIN_MUST_NOT_LOSE && plugin->kind != FX_KIND_OUTPUT)
        return fx_error_set(err, FX_EABI, "%s: only an output can have the flag FX_PLUGIN_MUST_NOT_LOSE", file);
    if (plugin->tick && !plugin->tick_interval_ms)
        return fx_error_set(err, FX_EABI, "%s: the plugin has 'tick' but no tick_interval_ms", file);
    return 0;
}

static int bounds_are_sound(const struct fx_metric *row)
{
    if (!row->bounds || row->bound_count < 1 || row->bound_count > FX_BOUNDS_MAX)
        return 0;
    for (unsigned i = 0; i < row->bound_count; i++)
        if (!isfinite(row->bounds[i]) || (i && row->bounds[i] <= row->bounds[i - 1]))
            return 0;
    return 1;
}

static int labels_are_sound(const struct fx_metric *row)
{
    unsigned count = 0;
    while (row->labels[count] && row->labels[count][0] && count < FX_SERIES_LABELS)
        count++;
    return count && !row->labels[count] && !row->label && row->kind != FX_HISTOGRAM && row->max_series;
}

static int check_metrics(const struct fx_plugin *plugin, const char *file, struct fx_error *err)
{
    for (const struct fx_metric *row = plugin->metrics; row && row->name; row++) {
        unsigned kind = row->kind & ~(unsigned)FX_NANOSECONDS;
        if (kind != FX_COUNTER && kind != FX_GAUGE && row->kind != FX_HISTOGRAM)
            return fx_error_set(err, FX_EABI, "%s: metric '%s' is neither counter nor gauge nor histogram", file,
                                row->name);
        if (!row->help || !row->help[0])
            return fx_error_set(err, FX_EABI, "%s: metric '%s' has no help text", file, row->name);
        if (row->label && (!row->values || !row->values[0]))
            return fx_error_set(err, FX_EABI, "%s: metric '%s' has a label without values", file, row->name);
        if (row->labels && !labels_are_sound(row))
            return fx_error_set(err, FX_EABI, "%s: metric '%s' needs 1 to %d labels, a max_series, and no other label",
                                file, row->name, FX_SERIES_LABELS);
        if (row->kind == FX_HISTOGRAM && !bounds_are_sound(row))
            return fx_error_set(err, FX_EABI, "%s: metric '%s' needs 1 to %d bounds, finite and in ascending order",
                                file, row->name, FX_BOUNDS_MAX);
    }
    return 0;
}

static int check_options(const struct fx_plugin *plugin, const char *file, struct fx_error *err)
{
    struct fx_error why = FX_ERROR_INIT;
    for (const struct fx_option *option = plugin->options; option && option->key; option++)
        for (const char *const *own = fxi_entry_keys((enum fx_kind)plugin->kind); *own; own++)
            if (strcmp(option->key, *own) == 0)
                return fx_error_set(err, FX_EABI, "%s: the option '%s' has a key that belongs to the program", file,
                                    *own);
    if (fxi_options_check(plugin->options, plugin->options_size, &why))
        return fx_error_set(err, FX_EABI, "%s: %s", file, why.message);
    return 0;
}

int fxi_plugin_check(const struct fx_plugin *found, const char *file, const char *name, struct fxi_module *module,
                     struct fx_error *err)
{
    struct fx_plugin *plugin = &module->plugin;
    int rc = check_abi(found, file, err);
    if (rc)
        return rc;
    memset(plugin, 0, sizeof *plugin);
    memcpy(plugin, found, found->size < sizeof *plugin ? found->size : sizeof *plugin);
    if (!rc)
        rc = check_identity(plugin, file, name, err);
    if (!rc)
        rc = check_callbacks(plugin, file, err);
    if (!rc)
        rc = check_flags(plugin, file, err);
    if (!rc)
        rc = check_options(plugin, file, err);
    if (!rc)
        rc = check_metrics(plugin, file, err);
    return rc;
}
