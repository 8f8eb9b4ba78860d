/* The set of names files, and when to read them again. */
#include "names/names.h"

#include <stdlib.h>
#include <string.h>

int whois_names_init(struct whois_names *names, const struct fx_list *paths)
{
    *names = (struct whois_names){.count = paths->count};
    names->watches = calloc(paths->count ? paths->count : 1, sizeof(*names->watches));
    if (!names->watches)
        return FX_ENOMEM;
    for (size_t i = 0; i < paths->count; i++)
        names->watches[i].path = paths->items[i];
    return 0;
}

void whois_names_fini(struct whois_names *names)
{
    for (size_t i = 0; names->watches && i < names->count; i++)
        whois_names_file_free(names->watches[i].file);
    free(names->watches);
    *names = (struct whois_names){0};
}

const char *whois_names_find(const struct whois_names *names, uint64_t number)
{
    for (size_t i = names->count; i-- > 0;) {
        const struct whois_names_file *file = names->watches[i].file;
        const char *name = file ? whois_names_file_find(file, number) : NULL;
        if (name)
            return name;
    }
    return NULL;
}

size_t whois_names_count(const struct whois_names *names)
{
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++)
        count += names->watches[i].file ? whois_names_file_count(names->watches[i].file) : 0;
    return count;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

bool whois_names_changed(struct whois_names *names, size_t index)
{
    struct whois_watch *watch = &names->watches[index];
    struct stat now;
    if (stat(watch->path, &now) < 0)
        return false;
    bool is_quiet = is_same(&now, &watch->seen);
    watch->seen = now;
    return is_quiet && !is_same(&now, &watch->file->stat);
}

struct whois_names_file *whois_names_replace(struct whois_names *names, size_t index, struct whois_names_file *file)
{
    struct whois_names_file *old = names->watches[index].file;
    names->watches[index].file = file;
    names->watches[index].seen = file->stat;
    return old;
}
