/* Records to values. Each worker counts by itself, in its own thread; other threads only call new and free. */
#ifndef OUTPUT_PROMETHEUS_WORKER_H
#define OUTPUT_PROMETHEUS_WORKER_H

#include <flow-exporter/plugin.h>

#include "series/summary.h"
#include "series/tally.h"

struct prom_store;

/* A worker's own values. */
struct prom_worker {
    struct prom_store *store;
    uint64_t stamp;               /* stamp of the record that was counted last, if there are gauges */
    struct prom_summary *weighed; /* by family; with top: what has no series */
    struct prom_tally tallies[];  /* by family */
};

/* Makes the worker with this index. NULL without memory. */
struct prom_worker *prom_worker_new(struct prom_store *store, unsigned index);
void prom_worker_free(struct prom_worker *worker);
/* Counts the records. FX_FATAL: without memory a sum would be wrong from now on. */
enum fx_verdict prom_worker_write(struct prom_worker *worker, const struct fx_batch *batch);

#endif
