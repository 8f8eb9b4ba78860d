/* Checks whether this program can use a plugin's descriptor. */
#ifndef FXI_PLUGIN_CHECK_H
#define FXI_PLUGIN_CHECK_H

#include "plugin/loader.h"

/*
 * Checks magic, version and size before following any pointer. Copies the descriptor to module: members that it lacks
 * are zero, and members that this program does not know are left out. Then checks the rest. name is the plugin's name
 * according to its file. Gives 0, or FX_EABI and err with the file and the reason.
 */
int fxi_plugin_check(const struct fx_plugin *found, const char *file, const char *name, struct fxi_module *module,
                     struct fx_error *err);

const char *fxi_kind_name(enum fx_kind kind);

#endif
