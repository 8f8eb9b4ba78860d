/* Self metrics: sets of atomic numbers. See metrics.h for threads and ownership. */
#include "metrics/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

struct fxi_metric_set {
    struct fxi_metric_set *next;
    const char *plugin;
    const struct fx_metric *table;
    unsigned rows;
    unsigned *first; /* where the numbers of a row begin, and one past the last */
    _Atomic int64_t *cells;
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
        set->first[row + 1] = set->first[row] + count_values(&table[row]);
    set->cells = fxi_calloc(set->first[set->rows], sizeof *set->cells);
    *metrics->last = set;
    metrics->last = &set->next;
    return set;
}

static _Atomic int64_t *cell_of(const struct fxi_metric_set *set, unsigned metric, unsigned value)
{
    assert(metric < set->rows && value < set->first[metric + 1] - set->first[metric]);
    return &set->cells[set->first[metric] + value];
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

struct visit {
    void (*call)(void *arg, const struct fx_sample *sample);
    void *arg;
};

static void visit_row(const struct fxi_metric_set *set, unsigned row, const struct visit *visit)
{
    const struct fx_metric *metric = &set->table[row];
    char name[128];
    snprintf(name, sizeof name, "flow_exporter_%s", metric->name);
    for (unsigned value = 0; value < set->first[row + 1] - set->first[row]; value++) {
        int64_t n = fxi_metric_set_get(set, row, value);
        int is_ns = (metric->kind & FXI_METRIC_NS) != 0;
        struct fx_sample sample = {.name = name,
                                   .help = metric->help,
                                   .kind = metric->kind & ~FXI_METRIC_NS,
                                   .is_double = is_ns,
                                   .integer = n,
                                   .real = is_ns ? (double)n / 1e9 : 0};
        if (set->plugin) {
            sample.label_names[sample.label_count] = "plugin";
            sample.label_values[sample.label_count++] = set->plugin;
        }
        if (metric->label) {
            sample.label_names[sample.label_count] = metric->label;
            sample.label_values[sample.label_count++] = metric->values[value];
        }
        visit->call(visit->arg, &sample);
    }
}

/* The same metric in all sets from this one on. */
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
