/* Whether a descriptor is one that this program can use. */
#ifndef FXI_PLUGIN_CHECK_H
#define FXI_PLUGIN_CHECK_H

#include "plugin/loader.h"

/*
 * Checks magic, version and size before any pointer of it is followed, copies it to module (zero-filled;
 * members that this program does not know are left out), then checks the rest. name: what the file's name says. 0, or FX_EABI with err
 * naming file and reason.
 */
int fxi_plugin_check(const struct fx_plugin *found, const char *file, const char *name, struct fxi_module *module,
                     struct fx_error *err);

const char *fxi_kind_name(enum fx_kind kind);

#endif
