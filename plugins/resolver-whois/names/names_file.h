/*
 * One file of names, in any of the layouts that registries publish. One thread reads the file. Afterwards it is
 * constant, so any thread may look names up.
 */
#ifndef WHOIS_NAMES_FILE_H
#define WHOIS_NAMES_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <flow-exporter/error.h>

#include "base/map.h"

struct whois_names_text;
struct whois_range;

struct whois_names_file {
    struct whois_map by_number; /* number -> kept name, with a NUL at its end */
    struct whois_range *ranges; /* range_count ranges, sorted by their first number */
    size_t range_count, range_capacity;
    struct whois_names_text *texts; /* the file's content, which the names point into, and converted texts */
    size_t bad_lines;               /* lines that are neither names nor comments, header or empty */
    struct stat stat;               /* as it was when it was read */
};

/*
 * Reads a file, whose lines are in the layouts of layout.h. Lines before the first name are a header. A later line wins
 * over an earlier one, a number over a range, a narrow range over a wide one. NULL with err filled; memory, regular
 * files of at most 256 MiB, and files that are not empty but have no name only.
 */
struct whois_names_file *whois_names_file_read(const char *path, struct fx_error *err);
void whois_names_file_free(struct whois_names_file *file);

/* The kept name, with a NUL at its end, valid as long as file; or NULL. */
const char *whois_names_file_find(const struct whois_names_file *file, uint64_t number);
/* Number of names in the file: numbers and ranges. */
size_t whois_names_file_count(const struct whois_names_file *file);

#endif
