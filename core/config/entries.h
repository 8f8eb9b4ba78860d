/* The entries of inputs:, resolvers: and outputs: in a configuration. For config.c. */
#ifndef FXI_CONFIG_ENTRIES_H
#define FXI_CONFIG_ENTRIES_H

#include "config/config.h"

/* Fills config's entries from its document. What it allocated is freed by fxi_entries_fini, also when it fails. */
int fxi_entries_fill(struct fxi_config *config, struct fx_error *err);
void fxi_entries_fini(struct fxi_config *config);

#endif
