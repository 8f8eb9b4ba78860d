/*
 * A minor version may add members to the rows of the option and metric tables.
 * Rows of an older plugin are shorter, so its tables are copied into rows of
 * today with zeros in what is new. Main thread; the copies are the module's.
 */
#include "plugin/tables.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

/* The rows of ABI 1.0 ended before these members. */
#define METRIC_SIZE_1_0 offsetof(struct fx_metric, bounds)
#define OPTION_SIZE_1_0 offsetof(struct fx_option, table)

/* A copy of rows of size old, ended by one whose first member (the name or key, a pointer) is NULL. */
static void *widen(const void *rows, size_t old, size_t new)
{
    size_t count = 0;
    const char *row = rows;
    while (*(const char *const *)(const void *)(row + count * old))
        count++;
    char *wide = fxi_calloc(count + 1, new);
    for (size_t i = 0; i < count; i++)
        memcpy(wide + i * new, row + i * old, old);
    return wide;
}

void fxi_tables_widen(struct fxi_module *module)
{
    struct fx_plugin *plugin = &module->plugin;
    if (plugin->abi_minor >= 1)
        return;
    if (plugin->metrics)
        plugin->metrics = module->wide_metrics = widen(plugin->metrics, METRIC_SIZE_1_0, sizeof(struct fx_metric));
    if (plugin->options)
        plugin->options = module->wide_options = widen(plugin->options, OPTION_SIZE_1_0, sizeof(struct fx_option));
}

void fxi_tables_fini(struct fxi_module *module)
{
    free(module->wide_metrics);
    free(module->wide_options);
    module->wide_metrics = NULL;
    module->wide_options = NULL;
}
