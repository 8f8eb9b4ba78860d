/*
 * Finds plugins, loads them with libltdl and checks their descriptor before
 * anything of it is used. Main thread only.
 */
#ifndef FXI_PLUGIN_LOADER_H
#define FXI_PLUGIN_LOADER_H

#include <flow-exporter/plugin.h>

struct fxi_loader;

/* A loaded plugin. Its descriptor is a copy: members that an older minor version lacks are zero. */
struct fxi_module {
    struct fx_plugin plugin;
    char *file; /* absolute */
    void *handle;
    struct fxi_module *next;
};

/* dirs (ended by NULL, may be NULL) are searched before the environment's and the installed one. */
struct fxi_loader *fxi_loader_new(const char *const *dirs, struct fx_error *err);
/* Closes all plugins. */
void fxi_loader_free(struct fxi_loader *loader);

/*
 * The plugin by name, or by the absolute path of its file; loaded once. On refusal NULL, and err names file and
 * reason. In a folder D it looks for D/NAME.so, and for D/NAME/NAME.la: the layout of a build tree.
 */
const struct fxi_module *fxi_loader_get(struct fxi_loader *loader, const char *name, struct fx_error *err);

/* Calls found with the name of every plugin in the folders, sorted, the first of a name only. */
void fxi_loader_list(const struct fxi_loader *loader, void (*found)(void *arg, const char *name, const char *file),
                     void *arg);

/* The name that a plugin of this file must have. Returned text is the caller's. */
char *fxi_loader_base_name(const char *file);

#endif
