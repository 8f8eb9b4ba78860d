/* Whether a plugin's file is one that only root and the program's own user can change. */
#ifndef FXI_PLUGIN_TRUST_H
#define FXI_PLUGIN_TRUST_H

#include <flow-exporter/error.h>

/*
 * Looks at the file and its folder, behind symbolic links. Others who can change one of them: as root FX_EABI with err
 * (file and reason), else a warning in the log.
 */
int fxi_trust_check(const char *file, struct fx_error *err) FX_WARN_UNUSED;

#endif
