/*
 * The resolver's own thread. It waits for numbers in the table, asks servers about them, and sets their names. It
 * also reads names files that have changed, and keeps the cache on disk. Workers only ever call whois_asker_wake.
 * Start and stop are for the main thread.
 */
#ifndef WHOIS_ASKER_H
#define WHOIS_ASKER_H

#include <stdint.h>

#include <flow-exporter/plugin.h>

#include "table/cache.h"
#include "server/server.h"
#include "table/table.h"

struct whois_asker_options {
    const struct whois_server_options *servers; /* in the order in which they are asked */
    size_t server_count;
    struct whois_lifetimes lifetimes;
    const char *folder; /* folder of the cache; NULL: no cache is kept */
    int64_t save_interval_ms;
    struct whois_names *names;
};

struct whois_asker;

/* Makes the thread. NULL with err filled on failure. table, names and instance must outlive the asker. */
struct whois_asker *whois_asker_new(struct fx_instance *instance, const struct whois_asker_options *options,
                                    struct whois_table *table, struct fx_error *err);
/* Ends the thread, whatever the servers do, and saves the cache. Its metrics stay. */
void whois_asker_stop(struct whois_asker *asker);
/* Stops the asker if it still runs, and frees it. */
void whois_asker_free(struct whois_asker *asker);

/* There are numbers to ask about. Never blocks. Any thread. */
void whois_asker_wake(struct whois_asker *asker);

#endif
