/*
 * The series of one metric whose label values come while the program runs (a
 * topic, a broker): begun and ended by anybody, in any thread, up to the bound
 * of the metric's row.
 */
#ifndef FXI_METRICS_SERIES_H
#define FXI_METRICS_SERIES_H

#include <pthread.h>

#include <flow-exporter/metric.h>

struct fxi_series_list {
    pthread_mutex_t lock;
    const struct fx_metric *row;
    struct fx_series *first, **last; /* in the order in which they were begun */
    struct fx_series *other;         /* of a counter: what is beyond the bound */
    unsigned count;
};

void fxi_series_list_init(struct fxi_series_list *list, const struct fx_metric *row);
void fxi_series_list_fini(struct fxi_series_list *list);

/* NULL: the bound is reached, and it is a gauge. */
struct fx_series *fxi_series_begin(struct fxi_series_list *list, const char *const *values);

/* Each with its value; the lock is held meanwhile. */
void fxi_series_visit(struct fxi_series_list *list, void (*visit)(void *arg, const char *const *values, int64_t value),
                      void *arg);

#endif
