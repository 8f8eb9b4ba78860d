/*
 * What servers said, kept on disk from one run to the next:
 *
 *     flow-exporter whois cache 1
 *     15169<TAB>1764036000<TAB>GOOGLE - Google LLC, US     number, when it expires (seconds since 1970), name
 *     399998<TAB>1763431200<TAB>                           no name
 *     end 2 0123456789abcdef                               how many, and FNV-1a of all before this line
 *
 * A file that is not whole is not used at all. Written by the asker's thread and by the main thread after it.
 */
#ifndef WHOIS_CACHE_H
#define WHOIS_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>

#include "table/table.h"

#define WHOIS_CACHE_FILE "names.cache"

/*
 * Calls take with each name of a cache file's content, if the file is complete. Otherwise calls nothing, gives
 * FX_EINVAL, and sets *why to a text. If take gives anything but 0, parsing ends and returns that.
 */
int whois_cache_parse(const char *data, size_t size,
                      int (*take)(void *arg, uint32_t number, int64_t expires_s, const char *kept, size_t size),
                      void *arg, const char **why);

/* How long answers of servers are believed. */
struct whois_lifetimes {
    int64_t known_ms, unknown_ms;
};
/* When to ask for a name again before it expires: about a tenth of its lifetime earlier. */
int64_t whois_refresh_ms(int64_t expires_ms, int64_t lifetime_ms, uint64_t number);

/*
 * Fills the table from the file in folder. A missing file is no fault. 0, or a negative code; err tells why the file
 * is not used.
 */
int whois_cache_load(const char *folder, struct whois_table *table, const struct whois_lifetimes *lifetimes,
                     size_t *count, struct fx_error *err) FX_WARN_UNUSED;
/* Writes a temporary file, syncs and renames it. 0, or a negative code with err; then the old file is unchanged. */
int whois_cache_save(const char *folder, struct whois_table *table, struct fx_error *err) FX_WARN_UNUSED;

#endif
