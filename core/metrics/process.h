/*
 * Metrics of the process, named as Prometheus asks of client libraries (prometheus.io, "Writing client libraries",
 * process metrics).
 */
#ifndef FXI_METRICS_PROCESS_H
#define FXI_METRICS_PROCESS_H

#include "metrics/metrics.h"

extern const struct fx_metric fxi_process_metrics[];

/* Reads the numbers from the system. A number that can't be read keeps its value. Makes system calls. Any thread. */
void fxi_process_update(struct fxi_metric_set *set);

#endif
