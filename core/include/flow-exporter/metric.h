/*
 * Self metrics: a plugin declares a table, the core keeps the numbers and
 * shows them under flow_exporter_NAME with the label plugin="<instance>".
 * Records, bytes, drops, errors and seconds of each stage are counted by the core.
 */
#ifndef FLOW_EXPORTER_METRIC_H
#define FLOW_EXPORTER_METRIC_H

#include <stdint.h>

#include <flow-exporter/visibility.h>

struct fx_instance;

enum fx_metric_kind { FX_COUNTER = 1, FX_GAUGE, FX_HISTOGRAM };
/* Or it to FX_COUNTER or FX_GAUGE: the numbers are nanoseconds and shown as seconds. Since ABI 1.1. */
#define FX_NANOSECONDS 0x100

/* One row of the table, which ends with a row whose name is NULL. */
struct fx_metric {
    const char *name;          /* with its unit: whois_queries_total, cache_age_seconds */
    enum fx_metric_kind kind;  /* */
    const char *help;          /* one sentence */
    const char *label;         /* the name of a label with a fixed set of values, or NULL */
    const char *const *values; /* its values, ended by NULL */
    /* Since ABI 1.1. */
    const double *bounds; /* of a histogram: upper bounds in ascending order, without infinity; FX_BOUNDS fills both */
    unsigned bound_count; /* 1 to FX_BOUNDS_MAX */
    /* Of a counter or gauge whose label values come while the program runs; label and values are NULL then. */
    const char *const *labels; /* names of its labels, ended by NULL, 1 to FX_SERIES_LABELS */
    unsigned max_series;       /* how many sets of values it may have at a time, at least 1 */
};
#define FX_SERIES_LABELS 3

#define FX_BOUNDS_MAX     64
#define FX_BOUNDS(array_) .bounds = (array_), .bound_count = sizeof(array_) / sizeof((array_)[0])

/* Adds to a counter or gauge. metric: its row; value: the index in values, or 0. Any thread, no lock. */
FX_API void fx_metric_add(struct fx_instance *instance, unsigned metric, unsigned value, int64_t n);
/* Sets a gauge. */
FX_API void fx_metric_set(struct fx_instance *instance, unsigned metric, unsigned value, int64_t n);
/* Adds one observation, in the metric's unit (seconds), to a histogram. Any thread, no lock. Since ABI 1.1. */
FX_API void fx_metric_observe(struct fx_instance *instance, unsigned metric, unsigned value, double x);

/*
 * Series of a metric with labels: one begins with its labels' values (copied) and is shown until it ends. Beginning what
 * exists gives the same one, which then has to be ended as often. Beyond the metric's bound a counter gives a series whose labels all
 * say "other", so that sums stay right, and a gauge gives NULL, which the others take and ignore. Any thread; begin
 * and end take a short lock, add and set none. Since ABI 1.1.
 */
struct fx_series;
FX_API struct fx_series *fx_series_begin(struct fx_instance *instance, unsigned metric, const char *const *values);
FX_API void fx_series_end(struct fx_series *series);
FX_API void fx_series_add(struct fx_series *series, int64_t n);
FX_API void fx_series_set(struct fx_series *series, int64_t n);

#define FX_SAMPLE_LABELS 4

/* One number or histogram, as fx_metrics_visit() shows it. Pointers are valid during the call. */
struct fx_sample {
    const char *name; /* whole: flow_exporter_whois_queries_total */
    const char *help;
    enum fx_metric_kind kind;
    unsigned label_count; /* at most FX_SAMPLE_LABELS */
    const char *label_names[FX_SAMPLE_LABELS];
    const char *label_values[FX_SAMPLE_LABELS];
    int is_double; /* which of the two holds the value */
    int64_t integer;
    double real;
    /* Of a histogram, since ABI 1.1; integer is the number of observations, real their sum. */
    unsigned bound_count;
    const double *bounds;   /* bound_count upper bounds */
    const int64_t *buckets; /* bound_count + 1 numbers of observations up to each bound, the last one up to infinity */
};

/*
 * Shows every self metric of the program, all samples of a name together. Any thread; takes a lock.
 * A plugin made for ABI 1.0 is shown no histograms.
 */
FX_API void fx_metrics_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_sample *sample),
                             void *arg);

#endif
