/*
 * Searches plugins, and keeps the list of those that are loaded. Names are checked and only absolute paths are opened,
 * so libltdl never searches in other places. Main thread.
 */
#include "plugin/loader.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "plugin/check.h"
#include "plugin/open.h"
#include "util/alloc.h"
#include "util/str.h"

struct fxi_loader {
    char **dirs; /* absolute paths */
    size_t dir_count;
    struct fxi_module *modules;
};

static const char *volatile loading;

const char *fxi_loader_loading(void)
{
    return loading;
}

/* A folder that is not there: the message for a plugin that is not found lists what was searched. */
static void add_dir(struct fxi_loader *loader, const char *dir)
{
    char *absolute = realpath(dir, NULL);
    for (size_t i = 0; absolute && i < loader->dir_count; i++)
        if (strcmp(loader->dirs[i], absolute) == 0) {
            free(absolute);
            return;
        }
    if (!absolute)
        return;
    loader->dirs = fxi_realloc(loader->dirs, loader->dir_count + 1, sizeof *loader->dirs);
    loader->dirs[loader->dir_count++] = absolute;
}

/* Adds the environment's folders, which colons separate. */
static void add_env_dirs(struct fxi_loader *loader)
{
    const char *env = getenv("FLOW_EXPORTER_PLUGIN_DIR");
    while (env && *env) {
        size_t size = strcspn(env, ":");
        char *dir = fxi_strndup(env, size);
        if (size)
            add_dir(loader, dir);
        free(dir);
        env += size + (env[size] == ':');
    }
}

struct fxi_loader *fxi_loader_new(const char *const *dirs, struct fx_error *err)
{
    if (fxi_open_init(err))
        return NULL;
    struct fxi_loader *loader = fxi_calloc(1, sizeof *loader);
    for (; dirs && *dirs; dirs++) {
        struct stat status;
        bool is_there = !stat(*dirs, &status);
        if (!is_there || !S_ISDIR(status.st_mode)) {
            fx_error_set(err, FX_EINVAL, "--plugin-dir '%s': %s", *dirs,
                         is_there ? "it is no folder" : strerror(errno));
            fxi_loader_free(loader);
            return NULL;
        }
        add_dir(loader, *dirs);
    }
    add_env_dirs(loader);
    add_dir(loader, FXI_PLUGIN_DIR);
    return loader;
}

void fxi_loader_free(struct fxi_loader *loader)
{
    if (!loader)
        return;
    for (struct fxi_module *module = loader->modules, *next; module; module = next) {
        next = module->next;
#ifndef FXI_SANITIZED /* a sanitizer can name the functions in a report only while they are loaded */
        fxi_open_close(module->handle);
#endif
        free(module->file);
        free(module);
    }
    for (size_t i = 0; i < loader->dir_count; i++)
        free(loader->dirs[i]);
    free(loader->dirs);
    free(loader);
#ifndef FXI_SANITIZED
    fxi_open_fini();
#endif
}

char *fxi_loader_base_name(const char *file)
{
    const char *slash = strrchr(file, '/');
    const char *name = slash ? slash + 1 : file;
    const char *dot = strrchr(name, '.');
    return fxi_strndup(name, dot ? (size_t)(dot - name) : strlen(name));
}

static int name_is_valid(const char *name)
{
    if (!name[0] || name[0] == '-')
        return 0;
    for (; *name; name++)
        if (!islower((unsigned char)*name) && !isdigit((unsigned char)*name) && *name != '-')
            return 0;
    return 1;
}

/* Gives the file of a plugin, or NULL. In a folder D the file is D/NAME.so or, as in a build tree, D/NAME/NAME.la. */
static char *find_in_dir(const char *dir, const char *name)
{
    struct fxi_str path = {0};
    fxi_str_printf(&path, "%s/%s.so", dir, name);
    if (access(path.data, F_OK) == 0)
        return path.data;
    fxi_str_clear(&path);
    fxi_str_printf(&path, "%s/%s/%s.la", dir, name, name);
    if (access(path.data, F_OK) == 0)
        return path.data;
    fxi_str_fini(&path);
    return NULL;
}

void fxi_loader_shadowed(const struct fxi_loader *loader, const char *name, void (*found)(void *arg, const char *file),
                         void *arg)
{
    bool has_first = false;
    for (size_t i = 0; i < loader->dir_count; i++) {
        char *file = find_in_dir(loader->dirs[i], name);
        if (file && has_first)
            found(arg, file);
        has_first |= file != NULL;
        free(file);
    }
}

static char *find_file(const struct fxi_loader *loader, const char *name, struct fx_error *err)
{
    if (name[0] == '/')
        return fxi_strdup(name);
    if (!name_is_valid(name)) {
        fx_error_set(err, FX_EINVAL, "'%s' is not the name of a plugin: a name has lower case letters, digits and '-'",
                     name);
        return NULL;
    }
    struct fxi_str searched = {0};
    for (size_t i = 0; i < loader->dir_count; i++) {
        char *file = find_in_dir(loader->dirs[i], name);
        if (file) {
            fxi_str_fini(&searched);
            return file;
        }
        fxi_str_printf(&searched, "%s%s", i ? ", " : "", loader->dirs[i]);
    }
    fx_error_set(err, FX_EINVAL, "there is no plugin '%s' in %s; 'flow-exporter plugins' lists the plugins", name,
                 searched.data ? searched.data : "any folder (none of the plugin folders exists)");
    fxi_str_fini(&searched);
    return NULL;
}

static struct fxi_module *load(const char *file, struct fx_error *err)
{
    loading = file;
    void *handle = fxi_open(file, err);
    loading = NULL;
    if (!handle)
        return NULL;
    struct fxi_module *module = fxi_calloc(1, sizeof *module);
    char *name = fxi_loader_base_name(file);
    const struct fx_plugin *found = fxi_open_symbol(handle, FX_PLUGIN_SYMBOL);
    int rc = found ? fxi_plugin_check(found, file, name, module, err)
                   : fx_error_set(err, FX_EABI, "%s: not a flow-exporter plugin: it has no symbol '%s'", file,
                                  FX_PLUGIN_SYMBOL);
    free(name);
    if (rc) {
        free(module);
        fxi_open_close(handle);
        return NULL;
    }
    module->handle = handle;
    module->file = fxi_strdup(file);
    return module;
}

const struct fxi_module *fxi_loader_get(struct fxi_loader *loader, const char *name, struct fx_error *err)
{
    char *file = find_file(loader, name, err);
    if (!file)
        return NULL;
    struct fxi_module *module = loader->modules;
    while (module && strcmp(module->file, file) != 0)
        module = module->next;
    if (!module && (module = load(file, err))) {
        module->next = loader->modules;
        loader->modules = module;
    }
    free(file);
    return module;
}

/* The name of the plugin that a folder's entry may be: NAME.so, or a folder NAME with NAME.la. */
static char *entry_plugin_name(const char *dir, const char *entry)
{
    size_t size = strlen(entry);
    char *name = size > 3 && strcmp(entry + size - 3, ".so") == 0 ? fxi_strndup(entry, size - 3) : fxi_strdup(entry);
    char *file = name_is_valid(name) ? find_in_dir(dir, name) : NULL;
    if (file) {
        free(file);
        return name;
    }
    free(name);
    return NULL;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **list_names(const struct fxi_loader *loader, size_t *count)
{
    char **names = NULL;
    *count = 0;
    for (size_t i = 0; i < loader->dir_count; i++) {
        DIR *dir = opendir(loader->dirs[i]);
        for (struct dirent *entry; dir && (entry = readdir(dir));) {
            char *name = entry_plugin_name(loader->dirs[i], entry->d_name);
            if (!name)
                continue;
            names = fxi_realloc(names, *count + 1, sizeof *names);
            names[(*count)++] = name;
        }
        if (dir)
            closedir(dir);
    }
    if (names)
        qsort(names, *count, sizeof *names, compare_names);
    return names;
}

void fxi_loader_list(const struct fxi_loader *loader, void (*found)(void *arg, const char *name, const char *file),
                     void *arg)
{
    size_t count;
    char **names = list_names(loader, &count);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || strcmp(names[i], names[i - 1]) != 0) {
            char *file = find_file(loader, names[i], NULL);
            found(arg, names[i], file);
            free(file);
        }
    }
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}
