/* Who could change a plugin before it is loaded. Main thread. */
#include "plugin/trust.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <flow-exporter/log.h>

/* NULL: only root and who runs the program can. */
static const char *fault_of(const struct stat *status, uid_t user, gid_t group)
{
    if (status->st_uid != 0 && status->st_uid != user)
        return "belongs to another user";
    if (status->st_mode & S_IWOTH)
        return "may be written by everybody";
    if (status->st_mode & S_IWGRP && status->st_gid != 0 && status->st_gid != group)
        return "may be written by a group";
    return NULL;
}

static int tell(const char *file, const char *place, const char *fault, struct fx_error *err)
{
    if (geteuid() == 0)
        return fx_error_set(err, FX_EABI,
                            "%s: refused, because %s %s; as root only plugins that nobody else can change are loaded",
                            file, place, fault);
    fx_log(NULL, FX_LOG_WARN, "Others can change this plugin.", "file=%s because=%s %s", file, place, fault);
    return 0;
}

int fxi_trust_check(const char *file, struct fx_error *err)
{
    struct stat status;
    char *real = realpath(file, NULL);
    if (!real || stat(real, &status)) {
        free(real);
        return 0; /* the loader says why it can't be loaded */
    }
    const char *fault = fault_of(&status, geteuid(), getegid());
    int rc = fault ? tell(file, "the file", fault, err) : 0;
    if (!fault && !stat(dirname(real), &status)) {
        fault = fault_of(&status, geteuid(), getegid());
        rc = fault ? tell(file, "its folder", fault, err) : 0;
    }
    free(real);
    return rc;
}
