/*
 * Purges of writers. Each worker counts records by itself and merges the counts once each poll, or at a marker. The
 * purges of an input are guarded by its lock.
 *
 * The close of a purge arrives in one partition, but its records arrive in many. So a purge is judged when the wait is
 * over. If purges of one writer_id follow each other faster than that, they are judged together.
 */
#include "pipeline/markers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/series.h"
#include "pipeline/core_metrics.h"
#include "util/alloc.h"

#define ID_MAX         120 /* bytes of a writer_id that are compared */
#define COUNTS_MAX     32  /* writers of a worker between two merges; when full, it merges */
#define PURGES_MAX     256 /* watched purges; when full, the quietest one is dropped */
#define CLOSES_MAX     16  /* the most purges that are judged together */
#define FORGOTTEN_MS   INT64_C(3600000)
#define JUDGE_EVERY_MS 200

struct writer_id {
    uint32_t size;
    char text[ID_MAX];
};

struct writer_count {
    struct writer_id id;
    int64_t received;
};

struct fxi_writer_counts {
    struct fxi_markers *markers;
    struct writer_count entries[COUNTS_MAX];
    unsigned count, last;
};

struct purge {
    struct writer_id id;
    int64_t received, announced;
    unsigned inits, closes;
    bool spoilt;
    int64_t closed_ms, seen_ms;
    struct fx_series *shown_received, *shown_announced, *shown_missing;
};

struct fxi_markers {
    pthread_mutex_t lock;
    struct fxi_metric_set *set;
    struct fxi_marker_fields fields;
    int64_t wait_ms, judged_ms;
    struct purge purges[PURGES_MAX];
    unsigned count;
};

int fxi_markers_claim(struct fxi_schema *schema, struct fxi_marker_fields *fields, struct fx_error *err)
{
    fields->event_type = fxi_schema_read(schema, "event_type", FX_TEXT, err);
    fields->writer_id = fxi_schema_read(schema, "writer_id", FX_TEXT, err);
    fields->purged_entries = fxi_schema_read(schema, "purged_entries", FX_UNSIGNED, err);
    return fields->event_type < 0 || fields->writer_id < 0 || fields->purged_entries < 0 ? FX_EINVAL : 0;
}

struct fxi_markers *fxi_markers_new(struct fxi_metric_set *set, const struct fxi_marker_fields *fields, int64_t wait_ms)
{
    struct fxi_markers *markers = fxi_calloc(1, sizeof *markers);
    pthread_mutex_init(&markers->lock, NULL);
    markers->set = set;
    markers->fields = *fields;
    markers->wait_ms = wait_ms;
    return markers;
}

void fxi_markers_free(struct fxi_markers *markers)
{
    if (!markers)
        return;
    pthread_mutex_destroy(&markers->lock);
    free(markers);
}

struct fxi_writer_counts *fxi_writer_counts_new(struct fxi_markers *markers)
{
    struct fxi_writer_counts *counts = fxi_calloc(1, sizeof *counts);
    counts->markers = markers;
    return counts;
}

void fxi_writer_counts_free(struct fxi_writer_counts *counts)
{
    free(counts);
}

static bool is_id(const struct writer_id *id, const char *text, uint32_t size)
{
    return id->size == size && memcmp(id->text, text, size) == 0;
}

/* "default_kafka/4711" is shown as "default_kafka". */
static void label_of(const struct writer_id *id, char label[ID_MAX + 1])
{
    uint32_t size = id->size;
    while (size && id->text[size - 1] >= '0' && id->text[size - 1] <= '9')
        size--;
    size = size && size < id->size && id->text[size - 1] == '/' ? size - 1 : id->size;
    memcpy(label, id->text, size);
    label[size] = '\0';
}

static void begin_series(struct fxi_markers *markers, struct purge *purge)
{
    char label[ID_MAX + 1];
    label_of(&purge->id, label);
    const char *const values[] = {label, NULL};
    purge->shown_received = fxi_metric_set_series(markers->set, FXI_INPUT_WRITER_RECEIVED, values);
    purge->shown_announced = fxi_metric_set_series(markers->set, FXI_INPUT_WRITER_ANNOUNCED, values);
    purge->shown_missing = fxi_metric_set_series(markers->set, FXI_INPUT_WRITER_MISSING, values);
}

/* The purge's series stay, since they are counters. */
static void remove_purge(struct fxi_markers *markers, struct purge *purge)
{
    *purge = markers->purges[--markers->count];
}

static void judge(struct fxi_markers *markers, struct purge *purge)
{
    enum fxi_purge result = FXI_PURGE_UNJUDGED;
    if (purge->inits && !purge->spoilt) {
        int64_t missing = purge->announced - purge->received;
        result = missing > 0 ? FXI_PURGE_INCOMPLETE : FXI_PURGE_COMPLETE;
        if (missing > 0)
            fx_series_add(purge->shown_missing, missing);
    }
    fxi_metric_set_add(markers->set, FXI_INPUT_PURGES, result, purge->closes ? purge->closes : 1);
    remove_purge(markers, purge);
}

static bool is_due(const struct fxi_markers *markers, const struct purge *purge, int64_t now_ms)
{
    if (purge->closes && purge->closes >= purge->inits && now_ms - purge->closed_ms >= markers->wait_ms)
        return true;
    return purge->closes >= CLOSES_MAX || now_ms - purge->seen_ms >= FORGOTTEN_MS;
}

static void judge_due(struct fxi_markers *markers, int64_t now_ms)
{
    if (now_ms - markers->judged_ms < JUDGE_EVERY_MS)
        return;
    markers->judged_ms = now_ms;
    for (unsigned i = markers->count; i-- > 0;)
        if (is_due(markers, &markers->purges[i], now_ms))
            judge(markers, &markers->purges[i]);
}

static void drop_quietest_if_full(struct fxi_markers *markers)
{
    if (markers->count < PURGES_MAX)
        return;
    struct purge *quietest = &markers->purges[0];
    for (unsigned i = 1; i < markers->count; i++)
        if (markers->purges[i].seen_ms < quietest->seen_ms)
            quietest = &markers->purges[i];
    fxi_metric_set_add(markers->set, FXI_INPUT_PURGES, FXI_PURGE_UNJUDGED, 1);
    remove_purge(markers, quietest);
}

static struct purge *purge_of(struct fxi_markers *markers, const struct writer_id *id, int64_t now_ms)
{
    unsigned i = 0;
    while (i < markers->count && !is_id(&markers->purges[i].id, id->text, id->size))
        i++;
    if (i == markers->count) {
        drop_quietest_if_full(markers);
        i = markers->count++;
        markers->purges[i] = (struct purge){.id = *id};
        begin_series(markers, &markers->purges[i]);
    }
    markers->purges[i].seen_ms = now_ms;
    return &markers->purges[i];
}

static void merge(struct fxi_writer_counts *counts, int64_t now_ms)
{
    for (unsigned i = 0; i < counts->count; i++) {
        struct purge *purge = purge_of(counts->markers, &counts->entries[i].id, now_ms);
        purge->received += counts->entries[i].received;
        fx_series_add(purge->shown_received, counts->entries[i].received);
    }
    counts->count = counts->last = 0;
}

void fxi_markers_merge(struct fxi_writer_counts *counts, int64_t now_ms)
{
    pthread_mutex_lock(&counts->markers->lock);
    merge(counts, now_ms);
    judge_due(counts->markers, now_ms);
    pthread_mutex_unlock(&counts->markers->lock);
}

static struct writer_count *count_of(struct fxi_writer_counts *counts, const char *text, uint32_t size)
{
    unsigned i = 0;
    while (i < counts->count && !is_id(&counts->entries[i].id, text, size))
        i++;
    if (i == COUNTS_MAX) { /* rare, so the time need not be more precise than a poll */
        fxi_markers_merge(counts, counts->markers->judged_ms);
        i = 0;
    }
    struct writer_count *entry = &counts->entries[i];
    if (i == counts->count) {
        counts->count++;
        *entry = (struct writer_count){.id.size = size};
        memcpy(entry->id.text, text, size);
    }
    counts->last = i;
    return entry;
}

static uint32_t id_size(const struct fx_value *writer)
{
    return writer->type != FX_TEXT ? 0 : writer->size < ID_MAX ? writer->size : ID_MAX;
}

void fxi_markers_record(struct fxi_writer_counts *counts, const struct fx_value *row)
{
    const struct fx_value *writer = &row[counts->markers->fields.writer_id];
    uint32_t size = id_size(writer);
    struct writer_count *entry = &counts->entries[counts->last];
    if (!size)
        return; /* a producer without markers */
    if (!counts->count || !is_id(&entry->id, writer->text, size))
        entry = count_of(counts, writer->text, size);
    entry->received++;
}

void fxi_markers_marker(struct fxi_writer_counts *counts, const struct fx_value *row, int64_t now_ms)
{
    struct fxi_markers *markers = counts->markers;
    const struct fx_value *event = &row[markers->fields.event_type], *writer = &row[markers->fields.writer_id];
    const struct fx_value *entries = &row[markers->fields.purged_entries];
    struct writer_id id = {.size = id_size(writer)};
    if (!id.size)
        return;
    memcpy(id.text, writer->text, id.size);
    bool is_init = event->size == strlen("purge_init");
    pthread_mutex_lock(&markers->lock);
    merge(counts, now_ms);
    struct purge *purge = purge_of(markers, &id, now_ms);
    /*
     * The earlier purge is over. Otherwise records of the new purge would make up for those that the earlier one lacks.
     */
    if (is_init && purge->closes && is_due(markers, purge, now_ms)) {
        judge(markers, purge);
        purge = purge_of(markers, &id, now_ms);
    }
    if (is_init) {
        purge->inits++;
    } else {
        int64_t announced = entries->type == FX_UNSIGNED && entries->u <= INT64_MAX / 2 ? (int64_t)entries->u : 0;
        purge->closes++;
        purge->announced += announced;
        purge->closed_ms = now_ms;
        fx_series_add(purge->shown_announced, announced);
    }
    judge_due(markers, now_ms);
    pthread_mutex_unlock(&markers->lock);
}

void fxi_markers_spoil(struct fxi_markers *markers)
{
    if (!markers)
        return;
    pthread_mutex_lock(&markers->lock);
    for (unsigned i = 0; i < markers->count; i++)
        markers->purges[i].spoilt = true;
    pthread_mutex_unlock(&markers->lock);
}
