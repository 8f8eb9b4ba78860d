/* The entries of inputs, resolvers and outputs in a configuration. For config.c. */
#ifndef FXI_CONFIG_ENTRIES_H
#define FXI_CONFIG_ENTRIES_H

#include "config/config.h"

/*
 * Fills the configuration's entries from its document. Even after a failure fxi_entries_fini frees what was allocated.
 */
int fxi_entries_fill(struct fxi_config *config, struct fx_error *err);
void fxi_entries_fini(struct fxi_config *config);

#endif
