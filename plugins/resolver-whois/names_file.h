/*
 * Names read from files at start, before the network is asked. Read by the
 * main thread; afterwards constant, so any thread may look names up.
 */
#ifndef WHOIS_NAMES_FILE_H
#define WHOIS_NAMES_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/error.h>

#include "map.h"

struct whois_names_text;

struct whois_names {
    struct whois_map by_number;     /* number -> clean name, ended by NUL */
    struct whois_names_text *texts; /* the files' content, which the names point into */
    bool strip_country;
};

/* 0 or FX_ENOMEM. */
int whois_names_init(struct whois_names *names, bool strip_country);
void whois_names_fini(struct whois_names *names);

/*
 * Reads a file in the layout of cidr-report's asn.txt: a number, white space, the name, and its country after the
 * last comma. Lines that are not like that, and those without a name, are counted in *bad_lines, but for empty lines
 * and comments (#). A later line or file wins over an earlier one. 0, or a negative code with err filled.
 */
int whois_names_load(struct whois_names *names, const char *path, size_t *bad_lines,
                     struct fx_error *err) FX_WARN_UNUSED;

/* The name, ended by NUL and valid as long as names, or NULL. */
static inline const char *whois_names_find(const struct whois_names *names, uint64_t number)
{
    return whois_map_find(&names->by_number, number);
}

#endif
