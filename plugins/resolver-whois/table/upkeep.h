/*
 * What the asker does besides asking: names that expire or need a refresh, names files that have changed, the cache
 * on disk. The work is done in slices, so that neither answers nor workers wait for it. Only for the asker's thread.
 */
#ifndef WHOIS_UPKEEP_H
#define WHOIS_UPKEEP_H

#include <flow-exporter/plugin.h>

#include "table/cache.h"
#include "table/table.h"

struct whois_upkeep {
    struct fx_instance *instance;
    struct whois_table *table;
    struct whois_names *names;
    struct whois_lifetimes lifetimes;
    const char *folder;
    int64_t save_interval_ms, sweep_interval_ms;
    int64_t sweep_ms, watch_ms, save_ms; /* when each is due */
    int64_t saved_ms;                    /* when the cache was saved last */
    uint64_t saved_changes;              /* changes of the table at that time */
    size_t sweep_cursor, decide_cursor;
    bool is_deciding; /* a names file has changed: all numbers are looked at again */
    bool save_in_trouble;
};

void whois_upkeep_init(struct whois_upkeep *upkeep, int64_t now_ms);
/* Does what is due. Numbers to ask about go to queue. Gives the time of the next step. */
int64_t whois_upkeep_step(struct whois_upkeep *upkeep, struct whois_queue *queue, int64_t now_ms);
/* Saves the cache if it has changed. */
void whois_upkeep_save(struct whois_upkeep *upkeep);

#endif
