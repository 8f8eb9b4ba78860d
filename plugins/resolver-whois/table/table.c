/*
 * The table of numbers. Workers come here once for each number (then their own cache has it), so one lock is enough.
 * Lack of memory makes an overflow, never a failure: records count more than names.
 */
#include "table/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "metrics.h"

/* How many of the oldest entries are tried to find one that may go. */
#define EVICTION_SCAN 32
/* How often workers are asked to drop what they remember; rarely, if that makes no room. */
#define GENERATION_MS     1000
#define GENERATION_MAX_MS 60000

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

static void count(const struct whois_table *table, unsigned metric, unsigned value, int64_t n)
{
    if (table->options.instance)
        fx_metric_add(table->options.instance, metric, value, n);
}

int whois_table_init(struct whois_table *table, const struct whois_table_options *options)
{
    *table = (struct whois_table){
        .options = *options, .generation_pause_ms = GENERATION_MS, .generation_ms = whois_now_ms() - GENERATION_MS};
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

static void free_entry(struct whois_entry *entry)
{
    if (!entry)
        return;
    fx_cell_unref(entry->cell);
    fx_cell_unref(entry->country);
    free(entry->kept);
    free(entry);
}

void whois_table_fini(struct whois_table *table)
{
    if (!table->overflow)
        return;
    for (size_t i = 0; i < table->count; i++)
        free_entry(table->entries[i]);
    free(table->entries);
    whois_map_fini(&table->by_number);
    fx_cell_unref(table->overflow);
    table->overflow = NULL;
    pthread_mutex_destroy(&table->lock);
}

/* ---- the list by use ---- */

static void link_newest(struct whois_table *table, struct whois_entry *entry)
{
    entry->newer = NULL;
    entry->older = table->newest;
    if (table->newest)
        table->newest->newer = entry;
    else
        table->oldest = entry;
    table->newest = entry;
}

static void unlink_entry(struct whois_table *table, struct whois_entry *entry)
{
    if (entry->newer)
        entry->newer->older = entry->older;
    else
        table->newest = entry->older;
    if (entry->older)
        entry->older->newer = entry->newer;
    else
        table->oldest = entry->newer;
}

static void use(struct whois_table *table, struct whois_entry *entry)
{
    if (table->newest == entry)
        return;
    unlink_entry(table, entry);
    link_newest(table, entry);
}

/* ---- entries ---- */

bool whois_entry_is_used(const struct whois_entry *entry)
{
    return fx_cell_is_shared(entry->cell) || (entry->country && fx_cell_is_shared(entry->country));
}

static void drop_entry(struct whois_table *table, struct whois_entry *entry)
{
    unlink_entry(table, entry);
    whois_map_remove(&table->by_number, entry->number);
    struct whois_entry *last = table->entries[--table->count];
    table->entries[entry->index] = last;
    last->index = entry->index;
    count(table, WHOIS_METRIC_NAMES, entry->state, -1);
    table->changes++;
    free_entry(entry);
}

/* country_size 0: there is no country, which is as final as a name that nobody knows. */
static int set_cells(struct whois_table *table, struct whois_entry *entry, enum fx_cell_state state, const char *text,
                     size_t size, const char *country, size_t country_size)
{
    enum fx_cell_state country_state = state == FX_CELL_KNOWN && !country_size ? FX_CELL_UNKNOWN : state;
    if (entry->country && fx_cell_set(entry->country, country_state, country, country_size) < 0)
        return FX_ENOMEM;
    if (fx_cell_set(entry->cell, state, text, size) < 0)
        return FX_ENOMEM;
    count(table, WHOIS_METRIC_NAMES, entry->state, -1);
    count(table, WHOIS_METRIC_NAMES, state, 1);
    entry->state = (uint8_t)state;
    return 0;
}

int whois_table_show(struct whois_table *table, struct whois_entry *entry, enum fx_cell_state state, const char *kept,
                     size_t size)
{
    char text[WHOIS_NAME_MAX], country[2];
    size_t text_size = size ? whois_name_format(&table->options.style, kept, size, text) : 0;
    size_t country_size = size && whois_name_country(kept, size, country) ? sizeof(country) : 0;
    return set_cells(table, entry, state, text, text_size, country, country_size);
}

bool whois_table_decide(struct whois_table *table, struct whois_entry *entry)
{
    const struct whois_table_options *options = &table->options;
    const char *name = whois_names_find(options->names, entry->number);
    entry->origin = WHOIS_FROM_NOBODY;
    if (name && whois_table_show(table, entry, FX_CELL_KNOWN, name, strlen(name)) == 0) {
        entry->origin = WHOIS_FROM_FILE;
        return true;
    }
    bool is_reserved = whois_number_is_reserved(entry->number);
    if (is_reserved && options->reserved_name &&
        set_cells(table, entry, FX_CELL_KNOWN, options->reserved_name, strlen(options->reserved_name), "", 0) == 0)
        return true;
    /* There is no text, so no memory is needed that could be lacking. */
    if (!options->can_ask || is_reserved)
        (void)set_cells(table, entry, FX_CELL_UNKNOWN, "", 0, "", 0);
    return !options->can_ask || is_reserved;
}

static struct whois_entry *make_entry(struct whois_table *table, uint64_t number)
{
    char key[24];
    size_t key_size = (size_t)snprintf(key, sizeof(key), "%llu", (unsigned long long)number);
    struct whois_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL;
    entry->number = number;
    entry->cell = fx_cell_new_keyed(key, key_size);
    entry->country = table->options.has_country ? fx_cell_new_keyed(key, key_size) : NULL;
    if (entry->cell && (entry->country || !table->options.has_country))
        return entry;
    free_entry(entry);
    return NULL;
}

static struct whois_entry *add_entry(struct whois_table *table, uint64_t number)
{
    if (table->count == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 256;
        struct whois_entry **entries = realloc(table->entries, capacity * sizeof(*entries));
        if (!entries)
            return NULL;
        table->entries = entries;
        table->capacity = capacity;
    }
    struct whois_entry *entry = make_entry(table, number);
    if (!entry || whois_map_put(&table->by_number, number, entry) < 0) {
        free_entry(entry);
        return NULL;
    }
    entry->index = (uint32_t)table->count;
    table->entries[table->count++] = entry;
    link_newest(table, entry);
    count(table, WHOIS_METRIC_NAMES, FX_CELL_PENDING, 1);
    return entry;
}

/* Drops the oldest entry that may go. An entry in use is not the oldest, whatever the list says. */
static bool evict_if_full(struct whois_table *table)
{
    if (table->count < table->options.max_entries)
        return true;
    for (int i = 0; i < EVICTION_SCAN && table->oldest; i++) {
        struct whois_entry *entry = table->oldest;
        if (!entry->is_busy && !whois_entry_is_used(entry)) {
            drop_entry(table, entry);
            count(table, WHOIS_METRIC_EVICTIONS, 0, 1);
            table->generation_pause_ms = GENERATION_MS;
            return true;
        }
        use(table, entry);
    }
    int64_t now_ms = whois_now_ms();
    if (now_ms - table->generation_ms >= table->generation_pause_ms) {
        table->generation_ms = now_ms;
        if (table->generation_pause_ms < GENERATION_MAX_MS)
            table->generation_pause_ms *= 2;
        atomic_fetch_add(&table->generation, 1);
    }
    return false;
}

static struct whois_entry *find_or_add(struct whois_table *table, uint64_t number, struct whois_made *made)
{
    struct whois_entry *entry = whois_map_find(&table->by_number, number);
    if (entry) {
        use(table, entry);
        if (entry->state != FX_CELL_PENDING)
            count(table, WHOIS_METRIC_CACHE_HITS, 0, 1);
        return entry;
    }
    if (!evict_if_full(table) || !(entry = add_entry(table, number)))
        return NULL;
    made->is_new = true;
    if (!whois_table_decide(table, entry)) {
        made->must_wake = table->to_ask.count == 0;
        entry->is_busy = true;
        whois_queue_push(&table->to_ask, entry);
    }
    return entry;
}

void whois_table_get(struct whois_table *table, uint64_t number, struct whois_made *made)
{
    *made = (struct whois_made){0};
    pthread_mutex_lock(&table->lock);
    struct whois_entry *entry = find_or_add(table, number, made);
    made->is_overflow = !entry;
    made->cell = fx_cell_ref(entry ? entry->cell : table->overflow);
    if (table->options.has_country)
        made->country = fx_cell_ref(entry ? entry->country : table->overflow);
    pthread_mutex_unlock(&table->lock);
}

int whois_table_restore(struct whois_table *table, uint64_t number, const char *kept, size_t size, int64_t expires_ms,
                        int64_t refresh_ms)
{
    if (table->count >= table->options.max_entries || whois_map_find(&table->by_number, number))
        return 0;
    struct whois_entry *entry = add_entry(table, number);
    if (!entry)
        return FX_ENOMEM;
    if (whois_table_decide(table, entry))
        return 0;
    if (size > 0 && !(entry->kept = strndup(kept, size)))
        return FX_ENOMEM;
    entry->origin = WHOIS_FROM_SERVER;
    entry->expires_ms = expires_ms;
    entry->refresh_ms = refresh_ms;
    return whois_table_show(table, entry, size ? FX_CELL_KNOWN : FX_CELL_UNKNOWN, kept, size);
}

/* ---- for the asker ---- */

void whois_table_take(struct whois_table *table, struct whois_queue *queue)
{
    pthread_mutex_lock(&table->lock);
    whois_queue_append(queue, &table->to_ask);
    pthread_mutex_unlock(&table->lock);
}

size_t whois_table_waiting(struct whois_table *table)
{
    pthread_mutex_lock(&table->lock);
    size_t waiting = table->to_ask.count;
    pthread_mutex_unlock(&table->lock);
    return waiting;
}

void whois_table_release(struct whois_table *table, struct whois_entry *entry)
{
    pthread_mutex_lock(&table->lock);
    entry->is_busy = false;
    table->changes++;
    pthread_mutex_unlock(&table->lock);
}

bool whois_table_walk(struct whois_table *table, size_t *cursor, size_t max, struct whois_queue *queue,
                      enum whois_fate (*judge)(void *arg, struct whois_table *table, struct whois_entry *entry),
                      void *arg)
{
    pthread_mutex_lock(&table->lock);
    for (size_t i = 0; i < max && *cursor < table->count; i++) {
        struct whois_entry *entry = table->entries[*cursor];
        enum whois_fate fate = entry->is_busy && queue ? WHOIS_KEEP : judge(arg, table, entry);
        if (fate == WHOIS_DROP && !whois_entry_is_used(entry)) {
            drop_entry(table, entry); /* another entry has taken its place */
            continue;
        }
        if (fate == WHOIS_ASK) {
            entry->is_busy = true;
            whois_queue_push(queue, entry);
        }
        ++*cursor;
    }
    bool has_more = *cursor < table->count;
    if (!has_more)
        *cursor = 0;
    pthread_mutex_unlock(&table->lock);
    return has_more;
}
