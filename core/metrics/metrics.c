/* Sets of atomic numbers. See metrics.h for threads and ownership. */
#include "metrics/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/series.h"
#include "util/alloc.h"

/*
 * A counter or gauge has one cell for each label value. A histogram has several for each label value: the number of
 * observations in each bucket, the number beyond the last bound, and the sum as the bits of a double.
 */
struct fxi_metric_set {
    struct fxi_metric_set *next;
    const char *plugin;
    const struct fx_metric *table;
    unsigned rows;
    unsigned *first; /* index of each row's first cell; the last entry is the number of cells */
    _Atomic int64_t *cells;
    struct fxi_series_list *series; /* one for each row; used by rows with labels */
};

struct fxi_metrics {
    struct fxi_metric_set *sets, **last;
};

struct fxi_metrics *fxi_metrics_new(void)
{
    struct fxi_metrics *metrics = fxi_calloc(1, sizeof *metrics);
    metrics->last = &metrics->sets;
    return metrics;
}

void fxi_metrics_free(struct fxi_metrics *metrics)
{
    if (!metrics)
        return;
    for (struct fxi_metric_set *set = metrics->sets, *next; set; set = next) {
        next = set->next;
        for (unsigned row = 0; row < set->rows; row++)
            fxi_series_list_fini(&set->series[row]);
        free(set->series);
        free(set->first);
        free(set->cells);
        free(set);
    }
    free(metrics);
}

static unsigned count_values(const struct fx_metric *row)
{
    unsigned count = 0;
    while (row->label && row->values[count])
        count++;
    return row->label ? count : 1;
}

static unsigned count_cells(const struct fx_metric *row)
{
    return row->kind == FX_HISTOGRAM ? row->bound_count + 2 : 1;
}

struct fxi_metric_set *fxi_metrics_add_set(struct fxi_metrics *metrics, const char *plugin,
                                           const struct fx_metric *table)
{
    struct fxi_metric_set *set = fxi_calloc(1, sizeof *set);
    set->plugin = plugin;
    set->table = table;
    while (table && table[set->rows].name)
        set->rows++;
    set->first = fxi_calloc(set->rows + 1, sizeof *set->first);
    for (unsigned row = 0; row < set->rows; row++)
        set->first[row + 1] = set->first[row] + count_values(&table[row]) * count_cells(&table[row]);
    set->cells = fxi_calloc(set->first[set->rows], sizeof *set->cells);
    set->series = fxi_calloc(set->rows, sizeof *set->series);
    for (unsigned row = 0; row < set->rows; row++)
        fxi_series_list_init(&set->series[row], &table[row]);
    *metrics->last = set;
    metrics->last = &set->next;
    return set;
}

static _Atomic int64_t *cell_of(const struct fxi_metric_set *set, unsigned metric, unsigned value)
{
    assert(metric < set->rows);
    unsigned cell = set->first[metric] + value * count_cells(&set->table[metric]);
    assert(cell < set->first[metric + 1]);
    return &set->cells[cell];
}

void fxi_metric_set_add(struct fxi_metric_set *set, unsigned metric, unsigned value, int64_t n)
{
    atomic_fetch_add_explicit(cell_of(set, metric, value), n, memory_order_relaxed);
}

void fxi_metric_set_put(struct fxi_metric_set *set, unsigned metric, unsigned value, int64_t n)
{
    atomic_store_explicit(cell_of(set, metric, value), n, memory_order_relaxed);
}

int64_t fxi_metric_set_get(const struct fxi_metric_set *set, unsigned metric, unsigned value)
{
    return atomic_load_explicit(cell_of(set, metric, value), memory_order_relaxed);
}

static double double_of(int64_t bits)
{
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void add_double(_Atomic int64_t *cell, double x)
{
    int64_t before = atomic_load_explicit(cell, memory_order_relaxed), after;
    double sum;
    do {
        sum = double_of(before) + x;
        memcpy(&after, &sum, sizeof after);
    } while (!atomic_compare_exchange_weak_explicit(cell, &before, after, memory_order_relaxed, memory_order_relaxed));
}

void fxi_metric_set_observe(struct fxi_metric_set *set, unsigned metric, unsigned value, double x)
{
    const struct fx_metric *row = &set->table[metric];
    _Atomic int64_t *cells = cell_of(set, metric, value);
    assert(row->kind == FX_HISTOGRAM);
    unsigned bucket = 0;
    while (bucket < row->bound_count && !(x <= row->bounds[bucket]))
        bucket++;
    atomic_fetch_add_explicit(&cells[bucket], 1, memory_order_relaxed);
    add_double(&cells[row->bound_count + 1], x);
}

struct fx_series *fxi_metric_set_series(struct fxi_metric_set *set, unsigned metric, const char *const *values)
{
    assert(metric < set->rows && set->table[metric].labels);
    return fxi_series_begin(&set->series[metric], values);
}

const char *fxi_metric_kind_name(uint32_t kind)
{
    switch (kind & ~FXI_METRIC_FLAGS) {
    case FX_COUNTER:
        return "counter";
    case FX_HISTOGRAM:
        return "histogram";
    }
    return "gauge";
}

void fxi_metric_name(const struct fx_metric *metric, char name[FXI_METRIC_NAME_MAX])
{
    const char *prefix = metric->kind & FXI_METRIC_WHOLE_NAME ? "" : "flow_exporter_";
    snprintf(name, FXI_METRIC_NAME_MAX, "%s%s", prefix, metric->name);
}

struct visit {
    void (*call)(void *arg, const struct fx_sample *sample);
    void *arg;
};

static void show_number(const struct fx_metric *metric, int64_t number, struct fx_sample *sample,
                        const struct visit *visit)
{
    sample->integer = number;
    sample->is_double = (metric->kind & FXI_METRIC_NS) != 0;
    sample->real = sample->is_double ? (double)sample->integer / 1e9 : 0;
    visit->call(visit->arg, sample);
}

/* The count is the sum of the buckets as read, so count and buckets agree even while others observe. */
static void show_histogram(const struct fx_metric *metric, const _Atomic int64_t *cells, struct fx_sample *sample,
                           const struct visit *visit)
{
    int64_t buckets[FX_BOUNDS_MAX + 1], sum = 0;
    for (unsigned i = 0; i <= metric->bound_count; i++)
        buckets[i] = sum += atomic_load_explicit(&cells[i], memory_order_relaxed);
    sample->integer = sum;
    sample->real = double_of(atomic_load_explicit(&cells[metric->bound_count + 1], memory_order_relaxed));
    sample->bound_count = metric->bound_count;
    sample->bounds = metric->bounds;
    sample->buckets = buckets;
    visit->call(visit->arg, sample);
}

static struct fx_sample begin_sample(const struct fxi_metric_set *set, const struct fx_metric *metric, const char *name)
{
    struct fx_sample sample = {
        .name = name, .help = metric->help, .kind = (enum fx_metric_kind)(metric->kind & ~FXI_METRIC_FLAGS)};
    if (set->plugin) {
        sample.label_names[sample.label_count] = "plugin";
        sample.label_values[sample.label_count++] = set->plugin;
    }
    return sample;
}

struct series_visit {
    const struct fxi_metric_set *set;
    const struct fx_metric *metric;
    const char *name;
    const struct visit *visit;
};

static void show_series(void *arg, const char *const *values, int64_t value)
{
    const struct series_visit *series = arg;
    struct fx_sample sample = begin_sample(series->set, series->metric, series->name);
    for (unsigned i = 0; series->metric->labels[i]; i++) {
        sample.label_names[sample.label_count] = series->metric->labels[i];
        sample.label_values[sample.label_count++] = values[i];
    }
    show_number(series->metric, value, &sample, series->visit);
}

static void visit_row(const struct fxi_metric_set *set, unsigned row, const struct visit *visit)
{
    const struct fx_metric *metric = &set->table[row];
    char name[FXI_METRIC_NAME_MAX];
    fxi_metric_name(metric, name);
    if (metric->labels) {
        struct series_visit series = {set, metric, name, visit};
        fxi_series_visit(&set->series[row], show_series, &series);
        return;
    }
    for (unsigned value = 0; value < count_values(metric); value++) {
        struct fx_sample sample = begin_sample(set, metric, name);
        if (metric->label) {
            sample.label_names[sample.label_count] = metric->label;
            sample.label_values[sample.label_count++] = metric->values[value];
        }
        if (sample.kind == FX_HISTOGRAM)
            show_histogram(metric, cell_of(set, row, value), &sample, visit);
        else
            show_number(metric, fxi_metric_set_get(set, row, value), &sample, visit);
    }
}

/* Visits the metric of this name in this set and all that follow. */
static void visit_name(const struct fxi_metric_set *set, const char *name, const struct visit *visit)
{
    for (; set; set = set->next)
        for (unsigned row = 0; row < set->rows; row++)
            if (strcmp(set->table[row].name, name) == 0)
                visit_row(set, row, visit);
}

static int seen_before(const struct fxi_metrics *metrics, const struct fxi_metric_set *end, const char *name)
{
    for (const struct fxi_metric_set *set = metrics->sets; set != end; set = set->next)
        for (unsigned row = 0; row < set->rows; row++)
            if (strcmp(set->table[row].name, name) == 0)
                return 1;
    return 0;
}

void fxi_metrics_visit(const struct fxi_metrics *metrics, void (*call)(void *arg, const struct fx_sample *sample),
                       void *arg)
{
    struct visit visit = {.call = call, .arg = arg};
    for (const struct fxi_metric_set *set = metrics->sets; set; set = set->next)
        for (unsigned row = 0; row < set->rows; row++)
            if (!seen_before(metrics, set, set->table[row].name))
                visit_name(set, set->table[row].name, &visit);
}
