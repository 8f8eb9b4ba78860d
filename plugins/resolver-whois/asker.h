/*
 * The resolver's own thread: it waits for numbers in the table, asks the
 * server about them, and sets their names. Workers only ever call
 * whois_asker_wake; start and stop are for the main thread.
 */
#ifndef WHOIS_ASKER_H
#define WHOIS_ASKER_H

#include <stdint.h>

#include <flow-exporter/plugin.h>

#include "address.h"
#include "dialect.h"
#include "table.h"

struct whois_asker_options {
    struct whois_address address;
    const struct whois_dialect *dialect;
    bool strip_country;
    int64_t query_timeout_ms;
    int64_t retry_interval_ms;
    size_t batch; /* numbers a connection */
};

struct whois_asker;

/* Makes the thread. NULL with err filled. table and instance must outlive it. */
struct whois_asker *whois_asker_new(struct fx_instance *instance, const struct whois_asker_options *options,
                                    struct whois_table *table, struct fx_error *err);
/* Ends the thread, whatever the server does, and frees it. */
void whois_asker_free(struct whois_asker *asker);

/* There are numbers to ask about. Never blocks. Any thread. */
void whois_asker_wake(struct whois_asker *asker);

#endif
