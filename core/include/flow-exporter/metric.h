/*
 * Self metrics. A plugin declares a table; the core keeps the numbers and shows them as flow_exporter_NAME with the
 * label plugin="<instance>". The core itself counts the records, bytes, drops, errors and seconds of each stage.
 */
#ifndef FLOW_EXPORTER_METRIC_H
#define FLOW_EXPORTER_METRIC_H

#include <stdint.h>

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;

enum fx_metric_kind { FX_COUNTER = 1, FX_GAUGE, FX_HISTOGRAM };
/* A flag to be combined with FX_COUNTER or FX_GAUGE: numbers are nanoseconds, shown as seconds. */
#define FX_NANOSECONDS 0x100

/* One row of the table, which ends with a row whose name is NULL. */
struct fx_metric {
    const char *name FX_ZERO;          /* with its unit: whois_queries_total, cache_age_seconds */
    uint32_t kind FX_ZERO;             /* enum fx_metric_kind, with FX_NANOSECONDS or without */
    const char *help FX_ZERO;          /* one sentence */
    const char *label FX_ZERO;         /* the name of a label with a fixed set of values, or NULL */
    const char *const *values FX_ZERO; /* the values of that label, ended by NULL */
    /* FX_BOUNDS fills both. */
    const double *bounds FX_ZERO; /* of a histogram: upper bounds in ascending order, without infinity */
    unsigned bound_count FX_ZERO; /* 1 to FX_BOUNDS_MAX */
    /* For a counter or gauge whose label values become known only while the program runs: label and values are NULL. */
    const char *const *labels FX_ZERO; /* the names of its labels, ended by NULL, 1 to FX_SERIES_LABELS */
    unsigned max_series FX_ZERO;       /* the greatest number of series at a time, at least 1 */
    uint64_t reserved[4] FX_ZERO;      /* room for members of later minor versions; leave it out */
};
#define FX_SERIES_LABELS 3

#define FX_BOUNDS_MAX     64
#define FX_BOUNDS(array_) .bounds = (array_), .bound_count = sizeof(array_) / sizeof((array_)[0])

/* Adds n to a counter or gauge. metric is the index of its row, value an index in values or 0. Any thread, no lock. */
FX_API void fx_metric_add(struct fx_instance *instance, unsigned metric, unsigned value, int64_t n);
/* Sets a gauge to n. Any thread, no lock. */
FX_API void fx_metric_set(struct fx_instance *instance, unsigned metric, unsigned value, int64_t n);
/* Adds one observation, in the metric's unit (seconds), to a histogram. Any thread, no lock. */
FX_API void fx_metric_observe(struct fx_instance *instance, unsigned metric, unsigned value, double x);

/*
 * Series of a metric with labels. A series begins with the values of its labels, which are copied, and is shown until
 * it ends. Beginning a series that exists returns the same series, which must then be ended as often as it was begun.
 *
 * When the metric already has max_series series, the result depends on its kind. A counter gets a series whose labels
 * all say "other", so that sums stay right. A gauge gets NULL, which the other functions accept and ignore.
 *
 * Any thread. Begin and end take a short lock; add and set take none.
 */
struct fx_series;
FX_API struct fx_series *fx_series_begin(struct fx_instance *instance, unsigned metric, const char *const *values);
FX_API void fx_series_end(struct fx_series *series);
FX_API void fx_series_add(struct fx_series *series, int64_t n);
FX_API void fx_series_set(struct fx_series *series, int64_t n);

#define FX_SAMPLE_LABELS 4

/* One number or histogram, as fx_metrics_visit() shows it. Its pointers are valid during the call. */
struct fx_sample {
    const char *name; /* the whole name: flow_exporter_whois_queries_total */
    const char *help;
    enum fx_metric_kind kind;
    unsigned label_count; /* at most FX_SAMPLE_LABELS */
    const char *label_names[FX_SAMPLE_LABELS];
    const char *label_values[FX_SAMPLE_LABELS];
    int is_double; /* 1: real holds the value; 0: integer does */
    int64_t integer;
    double real;
    /* For histograms: integer is the number of observations, real is their sum. */
    unsigned bound_count;
    const double *bounds;   /* bound_count upper bounds */
    const int64_t *buckets; /* bound_count + 1 numbers: the observations up to each bound, and last up to infinity */
};

/*
 * Calls visit for every sample of every self metric of the program. Samples with the same name come one after another.
 * Any thread; takes a lock.
 */
FX_API void fx_metrics_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_sample *sample),
                             void *arg);

FX_C_END

#endif
