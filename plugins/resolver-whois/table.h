/*
 * All AS numbers that were ever met, each with its one name cell. Workers add
 * numbers, the asker's thread takes those that are to be asked about and sets
 * their names. Entries and their cells stay until the table is freed, so a
 * worker may cache the cell and the asker may hold the entry.
 */
#ifndef WHOIS_TABLE_H
#define WHOIS_TABLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/record.h>

#include "map.h"
#include "names_file.h"

/* number and cell are constant; the rest belongs to the thread that holds the entry, which is the asker's. */
struct whois_entry {
    uint64_t number;
    struct fx_cell *cell;     /* our reference */
    struct whois_entry *next; /* in the queue of those to be asked about, or in a list of the asker */
    int64_t ask_again_ms;     /* of unknown ones */
    uint8_t state;            /* enum fx_cell_state */
    uint32_t query;           /* the last one that asked about it */
    uint8_t is_asked;         /* that query is on its way and has not answered it yet */
    uint8_t silent_answers;   /* orderly answers that did not mention it */
};

struct whois_queue {
    struct whois_entry *first, **end;
    size_t count;
};

struct whois_table {
    const struct whois_names *names;
    struct fx_cell *overflow; /* unknown: what numbers beyond the bound share */
    size_t max_entries;
    bool can_ask; /* there is a server */

    pthread_mutex_t lock; /* a leaf: no other lock is taken under it, but for a cell's own */
    struct whois_map by_number;
    struct whois_queue to_ask;
};

/* What whois_table_get did, for metrics. */
struct whois_made {
    bool is_new;              /* a cell was made */
    bool is_overflow;         /* there was no room for one */
    bool must_wake;           /* the queue was empty and has a number now: wake the asker */
    enum fx_cell_state state; /* of a new cell */
};

int whois_table_init(struct whois_table *table, const struct whois_names *names, size_t max_entries,
                     bool can_ask) FX_WARN_UNUSED;
void whois_table_fini(struct whois_table *table);

/* The number's cell, which is the table's. Never NULL, never waits for the network. Any thread. */
struct fx_cell *whois_table_get(struct whois_table *table, uint64_t number, struct whois_made *made);

/* The number's entry or NULL. For the asker. */
struct whois_entry *whois_table_find(struct whois_table *table, uint64_t number);
/* Moves at most max entries of the queue to entries; returns how many. */
size_t whois_table_take(struct whois_table *table, struct whois_entry **entries, size_t max);
/* Puts an entry (back) into the queue. */
void whois_table_ask(struct whois_table *table, struct whois_entry *entry);
size_t whois_table_waiting(struct whois_table *table);

void whois_queue_init(struct whois_queue *queue);
void whois_queue_push(struct whois_queue *queue, struct whois_entry *entry);
/* The first entry, taken off, or NULL. */
struct whois_entry *whois_queue_pop(struct whois_queue *queue);

/* Reserved, for documentation, private, or beyond 32 bits: no server knows it, and asking only annoys. */
bool whois_number_is_reserved(uint64_t number);

#endif
