/*
 * Self metrics: sets of numbers, one set an instance and table. Sets are added
 * by the main thread before threads start; adding to a number is one atomic
 * operation from any thread, observing two; visiting reads them one by one.
 */
#ifndef FXI_METRICS_METRICS_H
#define FXI_METRICS_METRICS_H

#include <stdbool.h>

#include <flow-exporter/metric.h>

#define FXI_METRIC_NS FX_NANOSECONDS
/* Or'ed to the kind of a row of the core's own: its name is whole as it is, without flow_exporter_ before it. */
#define FXI_METRIC_WHOLE_NAME 0x200
#define FXI_METRIC_FLAGS      (FXI_METRIC_NS | FXI_METRIC_WHOLE_NAME)

/* flow_exporter_NAME, mostly. */
#define FXI_METRIC_NAME_MAX 128
void fxi_metric_name(const struct fx_metric *metric, char name[FXI_METRIC_NAME_MAX]);

struct fxi_metrics;
struct fxi_metric_set;

struct fxi_metrics *fxi_metrics_new(void);
void fxi_metrics_free(struct fxi_metrics *metrics);

/* Adds the numbers of a table, labelled plugin=NAME unless plugin is NULL. Owned by metrics. plugin and table stay. */
struct fxi_metric_set *fxi_metrics_add_set(struct fxi_metrics *metrics, const char *plugin,
                                           const struct fx_metric *table);

void fxi_metric_set_add(struct fxi_metric_set *set, unsigned metric, unsigned value, int64_t n);
void fxi_metric_set_put(struct fxi_metric_set *set, unsigned metric, unsigned value, int64_t n);
void fxi_metric_set_observe(struct fxi_metric_set *set, unsigned metric, unsigned value, double x);
/* Of a counter or gauge. */
int64_t fxi_metric_set_get(const struct fxi_metric_set *set, unsigned metric, unsigned value);

/* Of a row with labels. */
struct fx_series *fxi_metric_set_series(struct fxi_metric_set *set, unsigned metric, const char *const *values);

/* "counter", "gauge", "histogram". */
const char *fxi_metric_kind_name(uint32_t kind);

/* All samples, those of a name together, in the order in which names were first added. */
void fxi_metrics_visit(const struct fxi_metrics *metrics, void (*visit)(void *arg, const struct fx_sample *sample),
                       void *arg);

#endif
