/*
 * What the plugin's files share.
 *
 *   base/    memory, hashes, clocks, threads, numbers as text
 *   metric/  what a metric is: names, conditions, factors, buckets; what a request may ask for
 *   series/  series by key: counted, shown, ended, renamed, as text
 *   kept/    what outlives the program
 *   page/    a page, and the program's own metrics on it
 *   http/    requests, connections, TLS, passwords
 *   live/    the live page and the JSON API
 *   .        output-prometheus.c: descriptor, options, self metrics; lifecycle.c: create, start, stop, destroy;
 *            cut.c: cut, prepare, committed, rolled_back; routes.c: which path is answered by whom
 */
#ifndef OUTPUT_PROMETHEUS_PROM_H
#define OUTPUT_PROMETHEUS_PROM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <flow-exporter/plugin.h>

#include "options.h"
#include "self_metrics.h"
#include "series/admit.h"
#include "metric/condition.h"
#include "series/expire.h"
#include "metric/factor.h"
#include "metric/histogram.h"
#include "series/info.h"
#include "series/intern.h"
#include "kept/kept.h"
#include "series/print.h"
#include "live/rates.h"
#include "series/registry.h"
#include "series/summary.h"
#include "series/tally.h"
#include "series/top.h"

#define PROM_CONDITIONS_MAX 16 /* of a metric's match, and of its unless */

struct prom_label {
    const char *name, *path;
    unsigned field;
    bool is_number; /* absent is 0; else a text, absent is "" */
    bool is_hidden; /* not on the page: its cells tell the names of flow_as_info; behind all that are shown */
};

/*
 * A metric: of the records that meet all of match, unless they meet all of unless (if there is any), the sum of the
 * field value, or their number; the last value; or how many had which value. A series a set of labels, which are in the
 * order of the page.
 */
struct prom_family {
    const char *name, *help;
    enum prom_type type;
    const char *value_path, *scale_path; /* "1"; or NULL */
    unsigned value, scale;               /* fields */
    bool counts_records, is_scaled;
    unsigned match_count, unless_count;
    struct prom_shape shape;
    struct prom_histogram *histogram; /* owned; NULL: it is none */
    struct prom_factor factor;
    unsigned label_count, shown_count; /* of labels; the first ones of them are shown */
    struct prom_condition match[PROM_CONDITIONS_MAX], unless[PROM_CONDITIONS_MAX];
    struct prom_label labels[PROM_LABELS_MAX];
    struct prom_lines lines; /* what is the same in all its lines */
    struct prom_registry registry;
    struct prom_admit admit;   /* the checkpoint's owner only */
    struct prom_expire expire; /* the same */
    struct prom_top top;
};

/* The values of one committed (or pending) cut, by family and series. Shared by pages; counted. */
struct prom_snapshot {
    struct prom_output *output;
    atomic_uint references;
    uint64_t number;
    struct prom_snapshot *next; /* in the output's list */
    int64_t cut_ms;             /* when it was cut; 0: it was not, but restored */
    uint64_t cut_wall_ms;
    struct prom_values {
        size_t count;                   /* of series */
        size_t capacity;                /* of slots */
        uint64_t *values;               /* by series, and slot */
        uint64_t ended[PROM_SLOTS_MAX]; /* the sum of series that have ended (expire.h) */
        int64_t ended_at;
    } families[];
};

/* A worker's own values. */
struct prom_worker {
    struct prom_output *output;
    uint64_t stamp;               /* of the record that was counted last, if there are gauges */
    struct prom_summary *weighed; /* by family; with top: what has no series */
    struct prom_tally tallies[];  /* by family */
};

struct prom_http;
struct prom_webfile;

struct prom_output {
    struct fx_instance *instance;
    const struct prom_options *options;
    struct prom_family *families;
    unsigned family_count;
    struct prom_intern texts;
    struct prom_kept kept; /* the checkpoint's owner only */
    struct prom_info info; /* with the option as_info */
    struct prom_worker **workers;
    unsigned worker_count;
    bool has_gauges;
    _Atomic uint64_t stamp;          /* the last one that a batch may use; only with gauges */
    atomic_bool is_broken;           /* a cut found no memory: write says so */
    struct prom_snapshot *pending;   /* cut, not yet committed; the checkpoint's owner only */
    pthread_mutex_t lock;            /* of the following three */
    struct prom_snapshot *snapshots; /* all that are in use */
    struct prom_snapshot *exposed;   /* what pages show */
    struct prom_snapshot *spare;     /* nobody's: its memory is for the next cut */
    int64_t patience_ms;             /* how long a page waits for a checkpoint */
    struct prom_rates rates;
    struct prom_webfile *webfile; /* or NULL */
    struct prom_http *http;
};

/* lifecycle.c */
int prom_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
int prom_start(void *self, struct fx_error *err);
void prom_stop(void *self, int timeout_ms);
void prom_destroy(void *self);

/* family.c: the metrics by the options, and claims for their fields. To be freed in both cases. */
int prom_families_init(struct prom_output *output, struct fx_error *err);
void prom_families_fini(struct prom_output *output);
/*
 * Adds what makes the metric what it is: its name, and a line each for value, conditions and labels. Values that were
 * kept belong to the metric with the same definition.
 */
void prom_family_define(const struct prom_family *family, struct prom_buffer *to);
#define PROM_DEFINITION_LABEL "\nlabel "

static inline bool prom_conditions_meet(const struct prom_condition *conditions, unsigned count,
                                        const struct fx_value *row)
{
    for (unsigned i = 0; i < count; i++)
        if (!prom_condition_meets(&conditions[i], &row[conditions[i].field]))
            return false;
    return true;
}

static inline bool prom_family_takes(const struct prom_family *family, const struct fx_value *row)
{
    return prom_conditions_meet(family->match, family->match_count, row) &&
           !(family->unless_count && prom_conditions_meet(family->unless, family->unless_count, row));
}

/*
 * What the record adds, or is. False: it has no value. A rate of 0, or none, is 1; a product stays at the largest number.
 * Of a histogram that is scaled: *weight is the rate, for so many records it stands; else it is not set.
 */
static inline bool prom_family_value(const struct prom_family *family, const struct fx_value *row, uint64_t *value,
                                     uint64_t *weight)
{
    *value = 1;
    if (!family->counts_records) {
        if (row[family->value].type != FX_UNSIGNED)
            return false;
        *value = row[family->value].u;
    }
    if (family->is_scaled) {
        uint64_t rate = prom_number_of(&row[family->scale]);
        rate = rate ? rate : 1;
        if (family->histogram)
            *weight = rate;
        else if (__builtin_mul_overflow(*value, rate, value))
            *value = UINT64_MAX;
    }
    return true;
}

/* The slot that is shown of what is no histogram. */
static inline unsigned prom_family_slot(const struct prom_family *family)
{
    return family->shape.is_last ? PROM_SLOT_LAST : PROM_SLOT_FIRST;
}

/* A line a series, and the number in it as it was counted. */
static inline bool prom_family_is_plain(const struct prom_family *family)
{
    return !family->histogram && prom_factor_is_one(&family->factor);
}

static inline enum fx_metric_kind prom_family_kind(const struct prom_family *family)
{
    static const enum fx_metric_kind kinds[] = {FX_COUNTER, FX_GAUGE, FX_HISTOGRAM}; /* enum prom_type */
    return kinds[family->type];
}

/* worker.c */
int prom_worker_new(void *self, unsigned index, void **context, struct fx_error *err);
void prom_worker_free(void *self, void *context);
enum fx_verdict prom_write(void *self, void *context, const struct fx_batch *batch);

/* cut.c */
void prom_before_cut(void *self);
int prom_cut(void *self, uint64_t number);
int prom_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);
void prom_committed(void *self, uint64_t number);
void prom_rolled_back(void *self, uint64_t number);
int prom_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);

/* snapshot.c */
struct prom_snapshot *prom_snapshot_new(struct prom_output *output);
/* The values of all workers, who stand still, added up. NULL without memory. */
struct prom_snapshot *prom_snapshot_take(struct prom_output *output, uint64_t number);
/* With zero for all series; of a checkpoint that is to be restored. And: shows it. */
struct prom_snapshot *prom_snapshot_zero(struct prom_output *output, uint64_t number);
void prom_snapshot_expose(struct prom_output *output, struct prom_snapshot *snapshot);
/* Sees to it that the next one finds its memory there, as far as that is known. */
void prom_snapshot_reserve(struct prom_output *output);
/* The number of the oldest cut that a page may still show. */
uint64_t prom_snapshot_oldest(struct prom_output *output);
struct prom_snapshot *prom_snapshot_get(struct prom_output *output); /* the exposed one, counted */
void prom_snapshot_unref(struct prom_snapshot *snapshot);
void prom_snapshot_free(struct prom_snapshot *snapshot);

/* http.c */
struct prom_http *prom_http_start(struct prom_output *output, struct fx_error *err);
void prom_http_stop(struct prom_http *http);
/* For requests that wait: a cut was taken; the last cut was committed or given back. Any thread; http may be NULL. */
void prom_http_cut(struct prom_http *http);
void prom_http_settled(struct prom_http *http);

#endif
