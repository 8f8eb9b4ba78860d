/*
 * What the plugin's files share.
 *
 *   output-prometheus.c  descriptor, options
 *   lifecycle.c          create, start, stop, destroy
 *   family.c             metrics: what they match, their labels
 *   intern.c             texts to numbers
 *   registry.c           series: key to number, for all workers
 *   worker.c             write: records to values, the hot path
 *   cut.c                cut, prepare, committed, rolled_back: the values as pages show them
 *   render.c             label text and numbers in the text format
 *   page.c               a page, in pieces
 *   self.c               the program's own metrics as text
 *   http.c, wait.c       requests; those that wait for a checkpoint
 *   listen.c             the listening socket
 */
#ifndef OUTPUT_PROMETHEUS_PROM_H
#define OUTPUT_PROMETHEUS_PROM_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <flow-exporter/plugin.h>

#include "intern.h"
#include "registry.h"

#define PROM_FAMILIES 2
#define PROM_LABELS   5

struct prom_options {
    const char *listen;
    int64_t asn;
    int64_t names_wait; /* ms */
    int64_t max_series, max_connections;
    int64_t connection_timeout; /* ms */
};

enum prom_metric { PROM_SERIES, PROM_SERIES_HELD, PROM_OTHER, PROM_UNMATCHED, PROM_WITHOUT_VALUE, PROM_REQUESTS };
enum prom_request { PROM_REQUEST_PAGE, PROM_REQUEST_HEALTH, PROM_REQUEST_LANDING, PROM_REQUEST_REFUSED };

/* The fields of a record that are claimed. */
struct prom_fields {
    unsigned as_src, as_dst, bytes, label, as_src_name, as_dst_name;
};

struct prom_label {
    const char *name;
    unsigned field;
    bool is_number; /* absent is 0; else a text, absent is "" */
};

/* A metric: the records whose field `match` is the number, but not those whose field `unless` is it. */
struct prom_family {
    const char *name, *help;
    unsigned value, match, unless;
    bool has_unless;
    uint64_t number;
    struct prom_label labels[PROM_LABELS];
    struct prom_registry registry;
};

/* The values of one committed (or pending) cut, by family and series. Shared by pages; counted. */
struct prom_snapshot {
    atomic_uint references;
    uint64_t number;
    size_t count[PROM_FAMILIES];
    uint64_t *values[PROM_FAMILIES];
};

struct prom_worker;
struct prom_http;

struct prom_output {
    struct fx_instance *instance;
    const struct prom_options *options;
    struct prom_fields fields;
    struct prom_family families[PROM_FAMILIES];
    struct prom_intern texts;
    struct prom_worker **workers;
    unsigned worker_count;
    struct prom_snapshot *pending; /* cut, not yet committed; the checkpoint's owner only */
    pthread_mutex_t lock;          /* of exposed */
    struct prom_snapshot *exposed; /* what pages show */
    struct prom_http *http;
};

/* lifecycle.c */
int prom_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err);
int prom_start(void *self, struct fx_error *err);
void prom_stop(void *self, int timeout_ms);
void prom_destroy(void *self);

/* family.c */
int prom_claim_fields(struct prom_output *output, struct fx_error *err);
void prom_make_families(struct prom_output *output);

/* worker.c */
int prom_worker_new(void *self, unsigned index, void **context, struct fx_error *err);
void prom_worker_free(void *self, void *context);
enum fx_verdict prom_write(void *self, void *context, const struct fx_batch *batch);
/* While the worker stands still: adds its values to sums, which has room for count. */
void prom_worker_add_values(const struct prom_worker *worker, unsigned family, uint64_t *sums, size_t count);
/* While the worker stands still: its values become these (NULL: zero). */
void prom_worker_set_values(struct prom_worker *worker, unsigned family, const uint64_t *values, size_t count);

/* cut.c */
void prom_cut(void *self, uint64_t number);
int prom_prepare(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);
void prom_committed(void *self, uint64_t number);
void prom_rolled_back(void *self, uint64_t number);
int prom_restore(void *self, const struct fx_checkpoint *checkpoint, struct fx_error *err);
struct prom_snapshot *prom_snapshot_new(void);
struct prom_snapshot *prom_snapshot_get(struct prom_output *output); /* the exposed one, counted */
void prom_snapshot_unref(struct prom_snapshot *snapshot);

/* http.c */
struct prom_http *prom_http_start(struct prom_output *output, struct fx_error *err);
void prom_http_stop(struct prom_http *http);
/* What waits for a checkpoint has waited long enough. Any thread; http may be NULL. */
void prom_http_wake(struct prom_http *http);

/* listen.c: whether it is an address (no I/O); a listening socket, or a negative code. */
int prom_listen_check(const char *address, const struct fx_instance *instance, struct fx_error *err);
int prom_listen(const char *address, const struct fx_instance *instance, struct fx_error *err);

#endif
