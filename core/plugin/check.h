/* Whether a descriptor is one that this program can use. */
#ifndef FXI_PLUGIN_CHECK_H
#define FXI_PLUGIN_CHECK_H

#include <flow-exporter/plugin.h>

/*
 * Checks magic, version and size before any pointer of it is followed, copies it to plugin (zero-filled), then checks
 * the rest. name: what the file's name says. 0, or FX_EABI with err naming file and reason.
 */
int fxi_plugin_check(const struct fx_plugin *found, const char *file, const char *name, struct fx_plugin *plugin,
                     struct fx_error *err);

const char *fxi_kind_name(enum fx_kind kind);

#endif
