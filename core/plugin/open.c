/*
 * libltdl with a loader of our own, since libltdl's loader binds lazily and forgets why an open failed. Main thread
 * only: libltdl's state belongs to the whole process.
 */
#include "plugin/open.h"

#include <dlfcn.h>
#include <ltdl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugin/trust.h"
#include "util/alloc.h"

#define LOADER_NAME "fxi_bind_now"

/* The first reason given for an existing file. libltdl itself says "file not found" for everything. */
static char first_reason[FX_ERROR_MESSAGE_MAX];

/* What was asked for: a libtool archive leads to another file. */
static const char *named;

static lt_module open_now(lt_user_data data, const char *filename, lt_dladvise advise)
{
    struct fx_error why = FX_ERROR_INIT;
    (void)data, (void)advise;
    if (strcmp(filename, named) != 0 && fxi_trust_check(filename, &why)) {
        snprintf(first_reason, sizeof first_reason, "%s", why.message);
        return NULL;
    }
    void *module = dlopen(filename, RTLD_NOW | RTLD_LOCAL);
    if (!module) {
        const char *reason = dlerror();
        if (!first_reason[0] && access(filename, F_OK) == 0)
            snprintf(first_reason, sizeof first_reason, "%s", reason ? reason : "unknown reason");
    }
    return module;
}

static int close_module(lt_user_data data, lt_module module)
{
    (void)data;
    return dlclose(module) == 0 ? 0 : 1;
}

static void *find_symbol(lt_user_data data, lt_module module, const char *name)
{
    (void)data;
    return dlsym(module, name);
}

/* On the heap: lt_dlexit frees it. */
static lt_dlvtable *make_vtable(void)
{
    lt_dlvtable *vtable = fxi_calloc(1, sizeof *vtable);
    *vtable = (lt_dlvtable){.name = LOADER_NAME,
                            .sym_prefix = "",
                            .module_open = open_now,
                            .module_close = close_module,
                            .find_sym = find_symbol,
                            .priority = LT_DLLOADER_PREPEND};
    return vtable;
}

int fxi_open_init(struct fx_error *err)
{
    if (lt_dlinit())
        return fx_error_set(err, FX_EABI, "libltdl does not start: %s", lt_dlerror());
    if (!lt_dlloader_find(LOADER_NAME) && lt_dlloader_add(make_vtable()))
        return fx_error_set(err, FX_EABI, "libltdl does not take the loader: %s", lt_dlerror());
    if (lt_dlloader_find("lt_dlopen"))
        free(lt_dlloader_remove("lt_dlopen")); /* otherwise it would try again, lazily */
    return 0;
}

void fxi_open_fini(void)
{
    lt_dlexit();
}

void *fxi_open(const char *file, struct fx_error *err)
{
    first_reason[0] = '\0';
    named = file;
    if (fxi_trust_check(file, err))
        return NULL;
    lt_dlhandle handle = lt_dlopen(file);
    if (handle)
        return handle;
    const char *general = lt_dlerror();
    const char *reason = first_reason[0] ? first_reason : general;
    size_t size = strlen(file);
    /* dlopen's text usually begins with the file's name, which the message already has. */
    if (strncmp(reason, file, size) == 0 && strncmp(reason + size, ": ", 2) == 0)
        reason += size + 2;
    fx_error_set(err, FX_EABI, "%s: can't be loaded: %s", file, reason);
    return NULL;
}

void *fxi_open_symbol(void *handle, const char *name)
{
    return lt_dlsym(handle, name);
}

void fxi_open_close(void *handle)
{
    lt_dlclose(handle);
}
