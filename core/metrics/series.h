/*
 * Series of one metric whose label values are known only while the program runs (a topic, a broker). Any thread may
 * begin and end a series. The metric's row bounds their number.
 */
#ifndef FXI_METRICS_SERIES_H
#define FXI_METRICS_SERIES_H

#include <pthread.h>

#include <flow-exporter/metric.h>

struct fxi_series_list {
    pthread_mutex_t lock;
    const struct fx_metric *row;
    struct fx_series *first, **last; /* in the order in which they were begun */
    struct fx_series *other;         /* of a counter: everything beyond the bound */
    unsigned count;
};

void fxi_series_list_init(struct fxi_series_list *list, const struct fx_metric *row);
void fxi_series_list_fini(struct fxi_series_list *list);

/* Gives NULL when the bound is reached and the metric is a gauge. */
struct fx_series *fxi_series_begin(struct fxi_series_list *list, const char *const *values);

/* Visits each series with its value, under the lock. */
void fxi_series_visit(struct fxi_series_list *list, void (*visit)(void *arg, const char *const *values, int64_t value),
                      void *arg);

#endif
