/*
 * All names files, in the order of the configuration: a later one wins. The main thread reads them at the start.
 * Later the asker's thread reads a file again when it has changed, and replaces it under the table's lock. All
 * look-ups hold that lock.
 */
#ifndef WHOIS_NAMES_H
#define WHOIS_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/option.h>

#include "names/names_file.h"

struct whois_watch {
    const char *path;
    struct whois_names_file *file; /* NULL before the first read */
    struct stat seen;              /* as it was at the last look */
};

struct whois_names {
    struct whois_watch *watches;
    size_t count;
};

/* 0 or FX_ENOMEM. paths must outlive names. */
int whois_names_init(struct whois_names *names, const struct fx_list *paths);
void whois_names_fini(struct whois_names *names);

/* The kept name, or NULL. */
const char *whois_names_find(const struct whois_names *names, uint64_t number);
/* Names and ranges in all files. */
size_t whois_names_count(const struct whois_names *names);

/*
 * Whether the file at index should be read again. That is so when it differs from what was read, and has not changed
 * since the last look: then nobody is writing it at present. A file that is gone keeps its names.
 */
bool whois_names_changed(struct whois_names *names, size_t index);
/* Puts file in place of the one at index, and gives the old one. Free the old one when nobody reads it any more. */
struct whois_names_file *whois_names_replace(struct whois_names *names, size_t index, struct whois_names_file *file);

#endif
