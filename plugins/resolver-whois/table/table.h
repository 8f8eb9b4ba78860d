/*
 * All AS numbers that were met, each with its name cell. The table is also the cache of servers' answers. Workers
 * add numbers. The asker's thread takes numbers that must be asked about, and sets their names. When the table is
 * full, it drops the number that was used longest ago among those whose cell nobody else holds.
 */
#ifndef WHOIS_TABLE_H
#define WHOIS_TABLE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/plugin.h>

#include "base/map.h"
#include "names/name.h"
#include "names/names.h"
#include "table/queue.h"

enum whois_origin { WHOIS_FROM_NOBODY, WHOIS_FROM_FILE, WHOIS_FROM_SERVER };

/*
 * number and cells are constant. The links and is_busy are read and written under the table's lock. While the entry
 * is busy (in one of the asker's queues, or asked about), the rest belongs to the asker. Otherwise the rest is under
 * the lock as well.
 */
struct whois_entry {
    uint64_t number;
    struct fx_cell *cell;     /* our reference */
    struct fx_cell *country;  /* our reference, if countries are wanted */
    struct whois_entry *next; /* in a queue */
    struct whois_entry *newer, *older;
    uint32_t index; /* in the table's entries */
    bool is_busy;
    uint8_t state;          /* enum fx_cell_state */
    uint8_t origin;         /* enum whois_origin: who gave the name */
    uint8_t silent_answers; /* orderly answers that did not mention the number */
    uint16_t said_unknown;  /* a bit for each server that knows no name, since the entry was last settled */
    int64_t expires_ms;     /* when the server's answer is no longer believed */
    int64_t refresh_ms;     /* when to ask again, so that the entry does not expire while it is in use */
    char *kept;             /* the name as a server gave it, or NULL */
};

struct whois_table_options {
    const struct whois_names *names;
    struct whois_style style;
    const char *reserved_name; /* shown for numbers that no server can be asked about; NULL: they have no name */
    size_t max_entries;
    bool can_ask;                 /* there is a server */
    bool has_country;             /* countries are wanted */
    struct fx_instance *instance; /* for metrics; NULL in unit tests */
};

struct whois_table {
    struct whois_table_options options;
    struct fx_cell *overflow; /* unknown: shared by the numbers beyond the limit */
    atomic_uint generation;   /* when this has changed, workers drop the cells that they remember */

    pthread_mutex_t lock; /* a leaf: no other lock is taken under it, except a cell's own */
    struct whois_map by_number;
    struct whois_entry **entries; /* count entries, in no order */
    size_t count, capacity;
    struct whois_entry *newest, *oldest; /* by use */
    struct whois_queue to_ask;
    int64_t generation_ms, generation_pause_ms; /* when generation changed last, and for how long it must not change
                                                 * again */
    uint64_t changes;                           /* changes to what the cache on disk has */
};

/* What whois_table_get did and found. */
struct whois_made {
    struct fx_cell *cell, *country; /* the caller gets a reference to each; country may be NULL */
    bool is_new;                    /* a cell was made */
    bool is_overflow;               /* there was no room for a cell */
    bool must_wake;                 /* the queue was empty and has a number now: wake the asker */
};

int whois_table_init(struct whois_table *table, const struct whois_table_options *options) FX_WARN_UNUSED;
void whois_table_fini(struct whois_table *table);

/* Finds the number's cell. Never waits for the network. Any thread. */
void whois_table_get(struct whois_table *table, uint64_t number, struct whois_made *made);

/*
 * Takes over what a server said in an earlier run, unless files or reserved ranges say otherwise. Call before
 * workers run. 0 or FX_ENOMEM.
 */
int whois_table_restore(struct whois_table *table, uint64_t number, const char *kept, size_t size, int64_t expires_ms,
                        int64_t refresh_ms) FX_WARN_UNUSED;

/* Only the asker calls the rest. */

/* Moves all numbers that wait to be asked about to queue. */
void whois_table_take(struct whois_table *table, struct whois_queue *queue);
size_t whois_table_waiting(struct whois_table *table);

/* Shows a name (size 0: there is none) in the cells of an entry. 0 or FX_ENOMEM; then the entry is unchanged. */
int whois_table_show(struct whois_table *table, struct whois_entry *entry, enum fx_cell_state state, const char *kept,
                     size_t size);
/* A busy entry is settled: nobody works on it any more. */
void whois_table_release(struct whois_table *table, struct whois_entry *entry);

/* What becomes of an entry. DROP is only a wish if the entry is in use. ASK makes the entry busy. */
enum whois_fate { WHOIS_KEEP, WHOIS_DROP, WHOIS_ASK };

/*
 * Judges at most max entries that are not busy, from *cursor on, under the lock. Entries to ask about go to queue.
 * False: that was the last entry, and *cursor is 0 again. An entry may be missed when others are dropped meanwhile.
 */
bool whois_table_walk(struct whois_table *table, size_t *cursor, size_t max, struct whois_queue *queue,
                      enum whois_fate (*judge)(void *arg, struct whois_table *table, struct whois_entry *entry),
                      void *arg);
/* Whether others hold a cell of the entry. */
bool whois_entry_is_used(const struct whois_entry *entry);

/*
 * Decides the entry if no server is needed: by files, reserved numbers, or because there is no server. False: a
 * server must be asked.
 */
bool whois_table_decide(struct whois_table *table, struct whois_entry *entry);

/* Reserved, for documentation, private, or beyond 32 bits: no server knows the number, and asking only annoys. */
bool whois_number_is_reserved(uint64_t number);

#endif
