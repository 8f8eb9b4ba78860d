/*
 * The table of numbers. Workers come here once a number (then their own cache
 * has it), so one lock is enough. Memory that is not there makes an overflow,
 * never a failure: records count more than names.
 */
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void whois_queue_init(struct whois_queue *queue)
{
    *queue = (struct whois_queue){.end = &queue->first};
}

void whois_queue_push(struct whois_queue *queue, struct whois_entry *entry)
{
    entry->next = NULL;
    *queue->end = entry;
    queue->end = &entry->next;
    queue->count++;
}

struct whois_entry *whois_queue_pop(struct whois_queue *queue)
{
    struct whois_entry *entry = queue->first;
    if (!entry)
        return NULL;
    queue->first = entry->next;
    if (!queue->first)
        queue->end = &queue->first;
    queue->count--;
    entry->next = NULL;
    return entry;
}

bool whois_number_is_reserved(uint64_t number)
{
    /* IANA's registry of AS numbers; RFC 5398, 6793, 6996, 7300, 7607. */
    static const struct {
        uint64_t first, last;
    } reserved[] = {{0, 0}, {23456, 23456}, {64496, 65551}, {UINT64_C(4200000000), UINT64_MAX}};
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++) {
        if (number >= reserved[i].first && number <= reserved[i].last)
            return true;
    }
    return false;
}

int whois_table_init(struct whois_table *table, const struct whois_names *names, size_t max_entries, bool can_ask)
{
    *table = (struct whois_table){.names = names, .max_entries = max_entries, .can_ask = can_ask};
    whois_queue_init(&table->to_ask);
    table->overflow = fx_cell_new();
    if (!table->overflow || fx_cell_set(table->overflow, FX_CELL_UNKNOWN, "", 0) < 0 ||
        whois_map_init(&table->by_number) < 0) {
        fx_cell_unref(table->overflow);
        table->overflow = NULL;
        return FX_ENOMEM;
    }
    pthread_mutex_init(&table->lock, NULL);
    return 0;
}

void whois_table_fini(struct whois_table *table)
{
    if (!table->overflow)
        return;
    for (size_t i = 0; i <= table->by_number.mask; i++) {
        struct whois_entry *entry = table->by_number.slots[i].value;
        if (entry)
            fx_cell_unref(entry->cell);
        free(entry);
    }
    whois_map_fini(&table->by_number);
    fx_cell_unref(table->overflow);
    table->overflow = NULL;
    pthread_mutex_destroy(&table->lock);
}

/* Decides at once what can be decided without the network. */
static int decide_state(const struct whois_table *table, struct whois_entry *entry)
{
    const char *name = whois_names_find(table->names, entry->number);
    if (name) {
        entry->state = FX_CELL_KNOWN;
        return fx_cell_set(entry->cell, FX_CELL_KNOWN, name, strlen(name));
    }
    if (!table->can_ask || whois_number_is_reserved(entry->number)) {
        entry->state = FX_CELL_UNKNOWN;
        return fx_cell_set(entry->cell, FX_CELL_UNKNOWN, "", 0);
    }
    entry->state = FX_CELL_PENDING;
    return 0;
}

static struct whois_entry *add_entry(struct whois_table *table, uint64_t number)
{
    struct whois_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    entry->number = number;
    char key[24];
    int key_size = snprintf(key, sizeof key, "%llu", (unsigned long long)number);
    entry->cell = fx_cell_new_keyed(key, (size_t)key_size);
    if (!entry->cell || decide_state(table, entry) < 0 || whois_map_put(&table->by_number, number, entry) < 0) {
        fx_cell_unref(entry->cell);
        free(entry);
        return NULL;
    }
    return entry;
}

struct fx_cell *whois_table_get(struct whois_table *table, uint64_t number, struct whois_made *made)
{
    *made = (struct whois_made){0};
    pthread_mutex_lock(&table->lock);
    struct whois_entry *entry = whois_map_find(&table->by_number, number);
    if (!entry && table->by_number.count < table->max_entries) {
        entry = add_entry(table, number);
        made->is_new = entry != NULL;
        if (entry)
            made->state = (enum fx_cell_state)entry->state;
    }
    if (made->is_new && entry->state == FX_CELL_PENDING) {
        made->must_wake = table->to_ask.count == 0;
        whois_queue_push(&table->to_ask, entry);
    }
    made->is_overflow = !entry;
    pthread_mutex_unlock(&table->lock);
    return entry ? entry->cell : table->overflow;
}

struct whois_entry *whois_table_find(struct whois_table *table, uint64_t number)
{
    pthread_mutex_lock(&table->lock);
    struct whois_entry *entry = whois_map_find(&table->by_number, number);
    pthread_mutex_unlock(&table->lock);
    return entry;
}

size_t whois_table_take(struct whois_table *table, struct whois_entry **entries, size_t max)
{
    size_t count = 0;
    pthread_mutex_lock(&table->lock);
    while (count < max && table->to_ask.first)
        entries[count++] = whois_queue_pop(&table->to_ask);
    pthread_mutex_unlock(&table->lock);
    return count;
}

void whois_table_ask(struct whois_table *table, struct whois_entry *entry)
{
    pthread_mutex_lock(&table->lock);
    whois_queue_push(&table->to_ask, entry);
    pthread_mutex_unlock(&table->lock);
}

size_t whois_table_waiting(struct whois_table *table)
{
    pthread_mutex_lock(&table->lock);
    size_t count = table->to_ask.count;
    pthread_mutex_unlock(&table->lock);
    return count;
}
