/* Finds plugins, loads them with libltdl, and checks their descriptors before use. Main thread only. */
#ifndef FXI_PLUGIN_LOADER_H
#define FXI_PLUGIN_LOADER_H

#include <flow-exporter/plugin.h>

struct fxi_loader;

/* A loaded plugin. Its descriptor is a copy, in which members that an older minor version lacks are zero. */
struct fxi_module {
    struct fx_plugin plugin;
    char *file; /* absolute path */
    void *handle;
    struct fxi_module *next;
};

/*
 * dirs ends with NULL and may be NULL. These folders are searched first, then the environment's, then the installed
 * one. The folders of dirs must exist: else the result is NULL, and err has FX_EINVAL. The others may be missing.
 */
struct fxi_loader *fxi_loader_new(const char *const *dirs, struct fx_error *err);
/* Closes all plugins. */
void fxi_loader_free(struct fxi_loader *loader);

/*
 * Gives the plugin with this name, or of the file with this absolute path. Each plugin is loaded once. On refusal gives
 * NULL, and err names the file and the reason. In a folder D the plugin is D/NAME.so or, as in a build tree,
 * D/NAME/NAME.la.
 */
const struct fxi_module *fxi_loader_get(struct fxi_loader *loader, const char *name, struct fx_error *err);

/*
 * Calls found for every plugin in the folders, sorted by name. Of plugins with the same name only the first is given.
 */
void fxi_loader_list(const struct fxi_loader *loader, void (*found)(void *arg, const char *name, const char *file),
                     void *arg);

/* Calls found with every other file of that name in later folders: nobody gets it by the name. */
void fxi_loader_shadowed(const struct fxi_loader *loader, const char *name, void (*found)(void *arg, const char *file),
                         void *arg);

/* The file that is being loaded just now, or NULL. Also in a signal handler of the main thread. */
const char *fxi_loader_loading(void);

/* The name that the plugin in this file must have. The caller owns the text. */
char *fxi_loader_base_name(const char *file);

#endif
