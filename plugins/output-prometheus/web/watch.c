/* Files that may change, and what they looked like. The caller holds the reading lock of webfile.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "web/webconf.h"

/* Times of files are as coarse as the system's tick, and in some file systems as coarse as a second. */
#define FRESH_SECONDS 2

static void read_stat(struct prom_watched *file)
{
    memset(&file->found, 0, sizeof file->found);
    file->failed = stat(file->path, &file->found) == 0 ? 0 : errno;
}

void prom_watch_add(struct prom_watch *watch, const char *path)
{
    char *copy = watch->count < PROM_WATCH_MAX ? strdup(path) : NULL;
    if (!copy)
        return;
    struct prom_watched *file = &watch->files[watch->count++];
    file->path = copy;
    read_stat(file);
    long long age = (long long)time(NULL) - file->found.st_ctim.tv_sec; /* the clock may have been ahead then */
    if (!file->failed && age < FRESH_SECONDS && age > -FRESH_SECONDS)
        watch->is_fresh = true;
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same(const struct prom_watched *a, const struct prom_watched *b)
{
    return a->failed == b->failed && a->found.st_dev == b->found.st_dev && a->found.st_ino == b->found.st_ino &&
           a->found.st_size == b->found.st_size && is_same_time(a->found.st_mtim, b->found.st_mtim) &&
           is_same_time(a->found.st_ctim, b->found.st_ctim);
}

bool prom_watch_has_changed(const struct prom_watch *watch)
{
    for (unsigned i = 0; i < watch->count; i++) {
        struct prom_watched now = {.path = watch->files[i].path};
        read_stat(&now);
        if (!is_same(&now, &watch->files[i]))
            return true;
    }
    return false;
}

void prom_watch_fini(struct prom_watch *watch)
{
    for (unsigned i = 0; i < watch->count; i++)
        free(watch->files[i].path);
    *watch = (struct prom_watch){0};
}
