/* Tables of plugins that were made for an older minor version, whose rows are shorter. */
#ifndef FXI_PLUGIN_TABLES_H
#define FXI_PLUGIN_TABLES_H

#include "plugin/loader.h"

/* Where the module's tables are older, points its descriptor to copies with rows of today. */
void fxi_tables_widen(struct fxi_module *module);
/* Frees the copies. */
void fxi_tables_fini(struct fxi_module *module);

#endif
