/*
 * The process as client libraries of Prometheus show it (prometheus.io, writing client libraries, process metrics): a
 * table like those of plugins, and its numbers as the system says.
 */
#ifndef FXI_METRICS_PROCESS_H
#define FXI_METRICS_PROCESS_H

#include "metrics/metrics.h"

extern const struct fx_metric fxi_process_metrics[];

/* Asks the system anew; what can't be learned stays as it is. Some system calls. Any thread. */
void fxi_process_update(struct fxi_metric_set *set);

#endif
