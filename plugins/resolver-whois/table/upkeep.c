/* Expiry, refresh, names files, the cache on disk. */
#include "table/upkeep.h"

#include <stdlib.h>

#include "base/clock.h"
#include "metrics.h"

/* How many entries are looked at while workers may have to wait for the table: some tens of microseconds. */
#define SLICE         1024
#define WATCH_MS      1000
#define SWEEP_MAX_MS  30000
#define SWEEP_MIN_MS  20
#define SWEEPS_A_LIFE 20

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void whois_upkeep_init(struct whois_upkeep *upkeep, int64_t now_ms)
{
    int64_t life_ms = earlier(upkeep->lifetimes.known_ms, upkeep->lifetimes.unknown_ms);
    upkeep->sweep_interval_ms = earlier(life_ms / SWEEPS_A_LIFE, SWEEP_MAX_MS);
    if (upkeep->sweep_interval_ms < SWEEP_MIN_MS)
        upkeep->sweep_interval_ms = SWEEP_MIN_MS;
    upkeep->sweep_ms = now_ms + upkeep->sweep_interval_ms;
    upkeep->watch_ms = now_ms + WATCH_MS;
    upkeep->save_ms = now_ms + upkeep->save_interval_ms;
    upkeep->saved_ms = now_ms;
    upkeep->saved_changes = upkeep->table->changes;
}

/* An entry in use is asked about again in time. An unused entry may go when it is no longer believed. */
static enum whois_fate judge_age(void *arg, struct whois_table *table, struct whois_entry *entry)
{
    int64_t now_ms = *(const int64_t *)arg;
    (void)table;
    if (entry->origin != WHOIS_FROM_SERVER || now_ms < entry->refresh_ms)
        return WHOIS_KEEP;
    if (whois_entry_is_used(entry))
        return WHOIS_ASK;
    return now_ms < entry->expires_ms ? WHOIS_KEEP : WHOIS_DROP;
}

static bool sweep(struct whois_upkeep *upkeep, struct whois_queue *queue, int64_t now_ms)
{
    bool has_more = whois_table_walk(upkeep->table, &upkeep->sweep_cursor, SLICE, queue, judge_age, &now_ms);
    if (!has_more)
        upkeep->sweep_ms = now_ms + upkeep->sweep_interval_ms;
    fx_metric_set(upkeep->instance, WHOIS_METRIC_CACHE_AGE, 0, (now_ms - upkeep->saved_ms) / 1000);
    return has_more;
}

/* After a change of files. A server's answer stays for numbers that no file names. */
static enum whois_fate judge_files(void *arg, struct whois_table *table, struct whois_entry *entry)
{
    (void)arg;
    const char *name = whois_names_find(table->options.names, entry->number);
    if (!name && entry->origin != WHOIS_FROM_FILE)
        return WHOIS_KEEP;
    if (whois_table_decide(table, entry)) {
        free(entry->kept);
        entry->kept = NULL;
        return WHOIS_KEEP;
    }
    /* The file's name is gone. Until a server has answered, the old name is the best there is. */
    return WHOIS_ASK;
}

static void read_again(struct whois_upkeep *upkeep, size_t index)
{
    const char *path = upkeep->names->watches[index].path;
    struct fx_error err = FX_ERROR_INIT;
    struct whois_names_file *file = whois_names_file_read(path, &err);
    fx_metric_add(upkeep->instance, WHOIS_METRIC_FILE_LOADS, file ? WHOIS_DONE : WHOIS_NOT_DONE, 1);
    if (!file) {
        fx_log(upkeep->instance, FX_LOG_WARN, "A names file has changed and can't be read; its old names stay.",
               "file=%s reason=%s", path, err.message);
        return;
    }
    pthread_mutex_lock(&upkeep->table->lock);
    struct whois_names_file *old = whois_names_replace(upkeep->names, index, file);
    pthread_mutex_unlock(&upkeep->table->lock);
    fx_log(upkeep->instance, FX_LOG_INFO, "A names file has changed and was read again.",
           "file=%s names=%zu before=%zu bad_lines=%zu", path, whois_names_file_count(file),
           whois_names_file_count(old), file->bad_lines);
    whois_names_file_free(old);
    fx_metric_set(upkeep->instance, WHOIS_METRIC_LOADED, 0, (int64_t)whois_names_count(upkeep->names));
    upkeep->decide_cursor = 0;
    upkeep->is_deciding = true;
}

static void watch(struct whois_upkeep *upkeep, int64_t now_ms)
{
    for (size_t i = 0; i < upkeep->names->count; i++)
        if (whois_names_changed(upkeep->names, i))
            read_again(upkeep, i);
    upkeep->watch_ms = now_ms + WATCH_MS;
}

static uint64_t changes_of(struct whois_table *table)
{
    pthread_mutex_lock(&table->lock);
    uint64_t changes = table->changes;
    pthread_mutex_unlock(&table->lock);
    return changes;
}

void whois_upkeep_save(struct whois_upkeep *upkeep)
{
    struct fx_error err = FX_ERROR_INIT;
    uint64_t changes = changes_of(upkeep->table);
    upkeep->save_ms = whois_now_ms() + upkeep->save_interval_ms;
    if (!upkeep->folder || changes == upkeep->saved_changes)
        return;
    int rc = whois_cache_save(upkeep->folder, upkeep->table, &err);
    fx_metric_add(upkeep->instance, WHOIS_METRIC_CACHE_SAVES, rc < 0 ? WHOIS_NOT_DONE : WHOIS_DONE, 1);
    if (rc < 0) {
        fx_log(upkeep->instance, upkeep->save_in_trouble ? FX_LOG_DEBUG : FX_LOG_WARN,
               "The cache of names can't be written; after a restart the names are asked for again.", "reason=%s",
               err.message);
        upkeep->save_in_trouble = true;
        return;
    }
    upkeep->save_in_trouble = false;
    upkeep->saved_changes = changes;
    upkeep->saved_ms = whois_now_ms();
}

int64_t whois_upkeep_step(struct whois_upkeep *upkeep, struct whois_queue *queue, int64_t now_ms)
{
    bool has_more = false;
    if (now_ms >= upkeep->watch_ms)
        watch(upkeep, now_ms);
    if (upkeep->is_deciding) {
        upkeep->is_deciding = whois_table_walk(upkeep->table, &upkeep->decide_cursor, SLICE, queue, judge_files, NULL);
        has_more = upkeep->is_deciding;
    }
    if (now_ms >= upkeep->sweep_ms)
        has_more = sweep(upkeep, queue, now_ms) || has_more;
    if (now_ms >= upkeep->save_ms)
        whois_upkeep_save(upkeep);
    if (has_more)
        return now_ms;
    int64_t next_ms = earlier(upkeep->sweep_ms, upkeep->save_ms);
    return upkeep->names->count ? earlier(next_ms, upkeep->watch_ms) : next_ms;
}
