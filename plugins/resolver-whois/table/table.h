/*
 * All AS numbers that were met, each with its name cell: at once the cache of
 * what servers said. Workers add numbers, the asker's thread takes those that
 * are to be asked about and sets their names. When the table is full, the
 * number that was used longest ago and whose cell nobody else holds goes.
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
 * number and cells are constant. The links and is_busy are read and written under the table's lock. The rest belongs
 * to the asker while the entry is busy (in one of its queues, or asked about), else it is under the lock, too.
 */
struct whois_entry {
    uint64_t number;
    struct fx_cell *cell;     /* our reference */
    struct fx_cell *country;  /* the same, where countries are wanted */
    struct whois_entry *next; /* in a queue */
    struct whois_entry *newer, *older;
    uint32_t index; /* in the table's entries */
    bool is_busy;
    uint8_t state;          /* enum fx_cell_state */
    uint8_t origin;         /* enum whois_origin: who gave the name */
    uint8_t silent_answers; /* orderly answers that did not mention it */
    uint16_t said_unknown;  /* bit by bit the servers that know no name, since it was last settled */
    int64_t expires_ms;     /* when what a server said is no longer believed */
    int64_t refresh_ms;     /* when it is asked again, so that it does not expire while it is in use */
    char *kept;             /* the name as a server gave it, or NULL */
};

struct whois_table_options {
    const struct whois_names *names;
    struct whois_style style;
    const char *reserved_name; /* shown for numbers that nobody can be asked about; NULL: they have no name */
    size_t max_entries;
    bool can_ask;                 /* there is a server */
    bool has_country;             /* countries are wanted */
    struct fx_instance *instance; /* for metrics; NULL in unit tests */
};

struct whois_table {
    struct whois_table_options options;
    struct fx_cell *overflow; /* unknown: what numbers beyond the bound share */
    atomic_uint generation;   /* when it has changed, workers let go of the cells that they remember */

    pthread_mutex_t lock; /* a leaf: no other lock is taken under it, but for a cell's own */
    struct whois_map by_number;
    struct whois_entry **entries; /* count of them, in no order */
    size_t count, capacity;
    struct whois_entry *newest, *oldest; /* by use */
    struct whois_queue to_ask;
    int64_t generation_ms, generation_pause_ms; /* when it changed last, and how long it has to stay so */
    uint64_t changes;                           /* of what the cache on disk has */
};

/* What whois_table_get did and found. */
struct whois_made {
    struct fx_cell *cell, *country; /* with a reference of the caller's each; country may be NULL */
    bool is_new;                    /* a cell was made */
    bool is_overflow;               /* there was no room for one */
    bool must_wake;                 /* the queue was empty and has a number now: wake the asker */
};

int whois_table_init(struct whois_table *table, const struct whois_table_options *options) FX_WARN_UNUSED;
void whois_table_fini(struct whois_table *table);

/* The number's cell. Never waits for the network. Any thread. */
void whois_table_get(struct whois_table *table, uint64_t number, struct whois_made *made);

/* What a server said in an earlier run; nothing where files or reason say else. Before workers run. 0 or FX_ENOMEM. */
int whois_table_restore(struct whois_table *table, uint64_t number, const char *kept, size_t size, int64_t expires_ms,
                        int64_t refresh_ms) FX_WARN_UNUSED;

/* The rest is the asker's. */

/* Moves all that wait to be asked about to queue. */
void whois_table_take(struct whois_table *table, struct whois_queue *queue);
size_t whois_table_waiting(struct whois_table *table);

/* Shows a name (size 0: there is none) in the cells of an entry. 0 or FX_ENOMEM; then it is as it was. */
int whois_table_show(struct whois_table *table, struct whois_entry *entry, enum fx_cell_state state, const char *kept,
                     size_t size);
/* A busy entry is settled: nobody works on it any more. */
void whois_table_release(struct whois_table *table, struct whois_entry *entry);

/* What becomes of an entry: DROP is no more than a wish where it is in use. ASK makes it busy. */
enum whois_fate { WHOIS_KEEP, WHOIS_DROP, WHOIS_ASK };

/*
 * Judges at most max entries that are not busy, from *cursor on, under the lock; those to be asked about go to queue.
 * False: that was the last one, and *cursor is 0 again. An entry may be missed when others are dropped meanwhile.
 */
bool whois_table_walk(struct whois_table *table, size_t *cursor, size_t max, struct whois_queue *queue,
                      enum whois_fate (*judge)(void *arg, struct whois_table *table, struct whois_entry *entry),
                      void *arg);
/* A cell of it is held by others. */
bool whois_entry_is_used(const struct whois_entry *entry);

/* Decides what can be decided without asking anybody: by files, reserved numbers, no server. False: it must be asked. */
bool whois_table_decide(struct whois_table *table, struct whois_entry *entry);

/* Reserved, for documentation, private, or beyond 32 bits: no server knows it, and asking only annoys. */
bool whois_number_is_reserved(uint64_t number);

#endif
