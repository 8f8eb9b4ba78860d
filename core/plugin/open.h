/* Opens shared objects with libltdl. All symbols are bound at once. Errors have the real reason. */
#ifndef FXI_PLUGIN_OPEN_H
#define FXI_PLUGIN_OPEN_H

#include <flow-exporter/error.h>

/* Call init before the first open, and fini after the last close. */
int fxi_open_init(struct fx_error *err);
void fxi_open_fini(void);

/* file is an absolute path of a shared object or a libtool archive (.la). On failure gives NULL and err. */
void *fxi_open(const char *file, struct fx_error *err);
void *fxi_open_symbol(void *handle, const char *name);
void fxi_open_close(void *handle);

#endif
