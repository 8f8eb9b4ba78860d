/* Opening shared objects with libltdl, bound at once, with the real reason when it fails. */
#ifndef FXI_PLUGIN_OPEN_H
#define FXI_PLUGIN_OPEN_H

#include <flow-exporter/error.h>

/* Before the first open and after the last close. */
int fxi_open_init(struct fx_error *err);
void fxi_open_fini(void);

/* file: absolute, a shared object or a libtool archive (.la). NULL with err filled. */
void *fxi_open(const char *file, struct fx_error *err);
void *fxi_open_symbol(void *handle, const char *name);
void fxi_open_close(void *handle);

#endif
