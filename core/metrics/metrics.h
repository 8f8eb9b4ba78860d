/*
 * The program's own metrics: sets of numbers, one set for each instance and table. The main thread adds sets before
 * other threads start. Any thread may add to a number: that is one atomic operation, and an observation is two. A visit
 * reads the numbers one by one.
 */
#ifndef FXI_METRICS_METRICS_H
#define FXI_METRICS_METRICS_H

#include <stdbool.h>

#include <flow-exporter/metric.h>

#define FXI_METRIC_NS FX_NANOSECONDS
/* A flag in the kind of a row of the core: the row's name is complete and gets no flow_exporter_ before it. */
#define FXI_METRIC_WHOLE_NAME 0x200
#define FXI_METRIC_FLAGS      (FXI_METRIC_NS | FXI_METRIC_WHOLE_NAME)

/* The name as shown: flow_exporter_NAME, or NAME with FXI_METRIC_WHOLE_NAME. */
#define FXI_METRIC_NAME_MAX 128
void fxi_metric_name(const struct fx_metric *metric, char name[FXI_METRIC_NAME_MAX]);

struct fxi_metrics;
struct fxi_metric_set;

struct fxi_metrics *fxi_metrics_new(void);
void fxi_metrics_free(struct fxi_metrics *metrics);

/*
 * Adds a set for a table, with the label plugin=NAME unless plugin is NULL. metrics owns the set. plugin and table must
 * outlive it.
 */
struct fxi_metric_set *fxi_metrics_add_set(struct fxi_metrics *metrics, const char *plugin,
                                           const struct fx_metric *table);

void fxi_metric_set_add(struct fxi_metric_set *set, unsigned metric, unsigned value, int64_t n);
void fxi_metric_set_put(struct fxi_metric_set *set, unsigned metric, unsigned value, int64_t n);
void fxi_metric_set_observe(struct fxi_metric_set *set, unsigned metric, unsigned value, double x);
/* The value of a counter or gauge. */
int64_t fxi_metric_set_get(const struct fxi_metric_set *set, unsigned metric, unsigned value);

/* Begins a series of a row with labels. */
struct fx_series *fxi_metric_set_series(struct fxi_metric_set *set, unsigned metric, const char *const *values);

/* Gives "counter", "gauge" or "histogram". */
const char *fxi_metric_kind_name(uint32_t kind);

/* Visits all samples. Samples of one name come together, in the order in which the names were first added. */
void fxi_metrics_visit(const struct fxi_metrics *metrics, void (*visit)(void *arg, const struct fx_sample *sample),
                       void *arg);

#endif
