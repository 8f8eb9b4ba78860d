/*
 * What the plugin's files share.
 *
 *   base/    memory, hashes, clocks, threads, numbers as text
 *   metric/  what a metric is: names, conditions, factors, buckets; what a request may ask for
 *   series/  series by key: counted, shown, ended, renamed, as text
 *   kept/    what outlives the program
 *   page/    a page, and the program's own metrics on it
 *   web/     the web configuration, TLS, passwords
 *   http/    requests, connections
 *   live/    the live page and the JSON API
 *   .        output-prometheus.c: descriptor, options, self metrics; lifecycle.c: create, start, stop, destroy;
 *            cut.c: cut, prepare, committed, rolled_back; routes.c: which handler answers which path
 *
 * The checkpoint's thread is the thread that runs the present checkpoint or restore, one at a time. Nearly always it is
 * the core's checkpoint thread. It can be a worker whose input asks for a checkpoint itself (fx_feed_checkpoint). At
 * the stop it is the main thread.
 */
#ifndef OUTPUT_PROMETHEUS_PROM_H
#define OUTPUT_PROMETHEUS_PROM_H

#include <flow-exporter/plugin.h>

#include "kept/kept.h"
#include "live/rates.h"
#include "options.h"
#include "self_metrics.h"
#include "series/store.h"
#include "http/http.h"

/* An instance of the plugin. */
struct prom_output {
    struct fx_instance *instance;
    const struct prom_options *options;
    struct prom_store store;
    struct prom_kept kept; /* only for the checkpoint's thread */
    struct prom_rates rates;
    struct prom_http_host host; /* what http needs from the instance */
    struct prom_http *http;
};

/* lifecycle.c */
int prom_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
int prom_start(void *self, struct fx_error *err);
void prom_stop(void *self, int timeout_ms);
void prom_destroy(void *self);
int prom_begin_worker(void *self, unsigned index, void **context, struct fx_error *err);
void prom_end_worker(void *self, void *context);
enum fx_verdict prom_write(void *self, void *context, const struct fx_batch *batch);

/* cut.c */
void prom_before_cut(void *self);
int prom_cut(void *self, uint64_t number, struct fx_error *err);
enum fx_verdict prom_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);
void prom_committed(void *self, uint64_t number);
void prom_rolled_back(void *self, uint64_t number);
int prom_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);

#endif
