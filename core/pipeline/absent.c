#include "pipeline/absent.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/text.h"
#include "metrics/metrics.h"
#include "pipeline/core_metrics.h"
#include "pipeline/members.h"
#include "plugin/instance.h"
#include "util/alloc.h"
#include "util/str.h"

#define LATER_TIMES  10                 /* later periods are so many times longer than the first */
#define SAMPLE_BYTES ((size_t)16 << 10) /* at most this much of a payload is kept */
#define SHOWN_NAMES  8

/* A watched field. */
struct watched {
    uint16_t number;             /* its index in a row */
    const char *field, *path;    /* as claimed; as in this input's records */
    const char *as;              /* "text" or "number" */
    struct fx_series *series;    /* its value is 1 while the field is absent */
    bool is_absent;              /* under lock */
    char nearest[FXI_SHOWN_MAX]; /* under lock; empty: no name is similar */
    _Atomic bool seen;           /* in this period */
};

struct fxi_absent {
    const struct fx_instance *input;
    struct watched *watched;
    unsigned count;
    int64_t after_ms;
    _Atomic unsigned period; /* 0: no record yet */
    _Atomic int64_t records; /* in this period */
    _Atomic int64_t end_ms;  /* when this period ends, at the earliest */
    _Atomic int absent_count;
    _Atomic bool wants_sample;
    pthread_mutex_t lock;
    char *sample;
    size_t sample_size;
};

/* ---- Made once */

static const char *kind_of(enum fx_type type)
{
    return type == FX_TEXT ? "text" : "number";
}

static bool is_watched(const struct fxi_absent *absent, const struct fxi_schema *schema, size_t number)
{
    const struct fxi_field *field = &schema->fields[number];
    if (field->computed || !schema->uses[number].plugin_reads)
        return false;
    for (unsigned i = 0; i < absent->count; i++) /* a number is reported once, whatever its types */
        if (strcmp(absent->watched[i].field, field->path) == 0 && absent->watched[i].as == kind_of(field->type))
            return false;
    return true;
}

struct fxi_absent *fxi_absent_new(const struct fx_instance *input, const struct fxi_schema *schema,
                                  const struct fxi_mapping *mapping, struct fxi_metric_set *metrics, int64_t after_ms)
{
    if (after_ms == 0)
        return NULL;
    struct fxi_absent *absent = fxi_calloc(1, sizeof *absent);
    absent->input = input;
    absent->after_ms = after_ms;
    absent->watched = fxi_calloc(schema->count + 1, sizeof *absent->watched);
    pthread_mutex_init(&absent->lock, NULL);
    for (size_t i = 0; i < schema->count; i++) {
        if (!is_watched(absent, schema, i))
            continue;
        struct watched *watched = &absent->watched[absent->count++];
        watched->number = (uint16_t)i;
        watched->field = schema->fields[i].path;
        watched->path = mapping->fields[i].path;
        watched->as = kind_of(schema->fields[i].type);
        watched->series =
            fxi_metric_set_series(metrics, FXI_INPUT_ABSENT, (const char *const[]){watched->field, watched->as});
        fx_series_set(watched->series, 0);
    }
    return absent;
}

void fxi_absent_free(struct fxi_absent *absent)
{
    if (!absent)
        return;
    for (unsigned i = 0; i < absent->count; i++)
        fx_series_end(absent->watched[i].series);
    pthread_mutex_destroy(&absent->lock);
    free(absent->sample);
    free(absent->watched);
    free(absent);
}

void fxi_absent_view_fini(struct fxi_absent_view *view)
{
    free(view->left);
}

/* ---- Workers look */

static void begin_view(const struct fxi_absent *absent, struct fxi_absent_view *view, unsigned period)
{
    view->period = period;
    view->count = absent->count;
    if (!view->left)
        view->left = fxi_calloc(absent->count + 1, sizeof *view->left);
    for (unsigned i = 0; i < absent->count; i++)
        view->left[i] = (uint16_t)i;
}

static bool has_value(const struct fx_batch *batch, uint16_t number)
{
    for (uint32_t row = 0; row < batch->rows; row++)
        if (fx_batch_row(batch, row)[number].type != FX_NULL)
            return true;
    return false;
}

void fxi_absent_look(struct fxi_absent *absent, struct fxi_absent_view *view, const struct fx_batch *batch)
{
    if (!absent)
        return;
    unsigned period = atomic_load_explicit(&absent->period, memory_order_relaxed);
    if (view->period != period || !view->left)
        begin_view(absent, view, period);
    for (unsigned i = 0; i < view->count;) {
        struct watched *watched = &absent->watched[view->left[i]];
        if (has_value(batch, watched->number)) {
            atomic_store_explicit(&watched->seen, true, memory_order_relaxed);
            view->left[i] = view->left[--view->count];
        } else {
            i++;
        }
    }
}

void fxi_absent_offer(struct fxi_absent *absent, const char *data, size_t size)
{
    if (!absent || !atomic_load_explicit(&absent->wants_sample, memory_order_relaxed))
        return;
    if (pthread_mutex_trylock(&absent->lock))
        return;
    absent->sample_size = size < SAMPLE_BYTES ? size : SAMPLE_BYTES;
    if (!absent->sample)
        absent->sample = fxi_calloc(1, SAMPLE_BYTES);
    memcpy(absent->sample, data, absent->sample_size);
    atomic_store(&absent->wants_sample, false);
    pthread_mutex_unlock(&absent->lock);
}

/* ---- Judging, under the lock */

struct naming {
    struct fxi_guess guess;
    const char *path;
    struct fxi_str best, names;
    unsigned count;
    bool is_there; /* a member has exactly this name, so its value has another type */
};

static void take_name(void *arg, const char *path)
{
    struct naming *naming = arg;
    const char *before = naming->guess.best;
    char shown[FXI_SHOWN_MAX];
    if (strcmp(path, naming->path) == 0)
        naming->is_there = true;
    fxi_guess_offer(&naming->guess, path);
    if (naming->guess.best != before) { /* path does not outlive this call */
        fxi_str_clear(&naming->best);
        fxi_str_puts(&naming->best, path);
        naming->guess.best = naming->best.data;
    }
    if (naming->count++ < SHOWN_NAMES)
        fxi_str_printf(&naming->names, "%s%s", naming->names.size ? " " : "", fxi_text_show(path, shown));
    else if (naming->count == SHOWN_NAMES + 1)
        fxi_str_puts(&naming->names, " ...");
}

static void report(struct fxi_absent *absent, struct watched *watched, int64_t records)
{
    struct naming naming = {.guess = fxi_guess_begin(watched->path), .path = watched->path};
    if (absent->sample_size)
        fxi_members_visit(absent->sample, absent->sample_size, take_name, &naming);
    fxi_text_show(naming.best.size && !naming.is_there ? naming.best.data : "", watched->nearest);
    fx_log(absent->input, FX_LOG_WARN,
           naming.is_there ? "A field is read, but no record had it in this form."
                           : "A field is read, but no record had it.",
           "field=%s member=%s as=%s records=%lld nearest=%s members=%s", watched->field, watched->path, watched->as,
           (long long)records, watched->nearest, naming.names.size ? naming.names.data : "");
    fxi_str_fini(&naming.best);
    fxi_str_fini(&naming.names);
}

static void set_absent(struct fxi_absent *absent, struct watched *watched, bool is_absent)
{
    watched->is_absent = is_absent;
    fx_series_set(watched->series, is_absent);
    atomic_fetch_add(&absent->absent_count, is_absent ? 1 : -1);
}

static void judge(struct fxi_absent *absent, int64_t records)
{
    for (unsigned i = 0; i < absent->count; i++) {
        struct watched *watched = &absent->watched[i];
        if (atomic_exchange(&watched->seen, false) || watched->is_absent)
            continue;
        set_absent(absent, watched, true);
        report(absent, watched, records);
    }
}

/* Reports absent fields that records have now. */
static void welcome(struct fxi_absent *absent)
{
    for (unsigned i = 0; i < absent->count; i++) {
        struct watched *watched = &absent->watched[i];
        if (!watched->is_absent || !atomic_load(&watched->seen))
            continue;
        set_absent(absent, watched, false);
        fx_log(absent->input, FX_LOG_INFO, "Records have the field now.", "field=%s", watched->field);
    }
}

static void begin_period(struct fxi_absent *absent, int64_t now_ms)
{
    unsigned period = atomic_fetch_add(&absent->period, 1) + 1;
    atomic_store(&absent->records, 0);
    atomic_store(&absent->end_ms, now_ms + absent->after_ms * (period == 1 ? 1 : LATER_TIMES));
    atomic_store(&absent->wants_sample, true);
}

void fxi_absent_judge(struct fxi_absent *absent, int64_t records, int64_t now_ms)
{
    if (!absent || !records)
        return;
    int64_t had = atomic_fetch_add_explicit(&absent->records, records, memory_order_relaxed) + records;
    bool is_first = atomic_load_explicit(&absent->period, memory_order_relaxed) == 0;
    bool is_over = had >= FXI_ABSENT_RECORDS && now_ms >= atomic_load(&absent->end_ms);
    if ((!is_first && !is_over && !atomic_load(&absent->absent_count)) || pthread_mutex_trylock(&absent->lock))
        return;
    welcome(absent);
    if (atomic_load(&absent->period) == 0) {
        begin_period(absent, now_ms);
        atomic_store(&absent->records, had);
    } else if (is_over && now_ms >= atomic_load(&absent->end_ms)) { /* no other worker has judged meanwhile */
        judge(absent, had);
        begin_period(absent, now_ms);
    }
    pthread_mutex_unlock(&absent->lock);
}

void fxi_absent_tell(struct fxi_absent *absent, void (*visit)(void *arg, const char *name, const char *reason),
                     void *arg)
{
    if (!absent)
        return;
    pthread_mutex_lock(&absent->lock);
    for (unsigned i = 0; i < absent->count; i++) {
        const struct watched *watched = &absent->watched[i];
        char reason[3 * FXI_SHOWN_MAX], shown[FXI_SHOWN_MAX];
        if (!watched->is_absent)
            continue;
        fxi_text_show(watched->path, shown);
        if (watched->nearest[0])
            snprintf(reason, sizeof reason, "no record has '%s'; they have '%s'", shown, watched->nearest);
        else
            snprintf(reason, sizeof reason, "no record has '%s' as a %s", shown, watched->as);
        visit(arg, absent->input->name, reason);
    }
    pthread_mutex_unlock(&absent->lock);
}
