/*
 * A host for one plugin: it does what a program does for a plugin through the installed headers, and no more. A unit
 * test links it instead of the core's pipeline, calls the plugin's functions itself, and sees here what the plugin has
 * asked for. The metrics are the core's.
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <pthread.h>
#include <stdbool.h>

#include <flow-exporter/plugin.h>

#include "metrics/metrics.h"

enum { HOST_FIELDS = 16, HOST_PARTS = 4 };

/* The struct is the test's own. Plugins only hold a pointer to it. */
struct fx_instance {
    const char *name;
    unsigned workers;
    struct fxi_metrics *all_metrics;
    struct fxi_metric_set *metrics; /* the plugin's table */
    struct fx_part part;

    struct {
        char *path;
        enum fx_type type;
    } fields[HOST_FIELDS]; /* in the order of their claims; a field's number is its place */
    int field_count;

    struct {
        const char *name, *reason;
    } waiting[HOST_PARTS]; /* parts that are not ready; a NULL name: the place is free */

    pthread_mutex_t lock;
    pthread_cond_t asked;
    bool requested; /* a checkpoint is requested; the lock guards this and all that follows */
    int64_t min_interval_ms, last_cut_ms;
};

/* The caller keeps name and table. */
void host_init(struct fx_instance *host, const char *name, const struct fx_metric *metrics);
void host_fini(struct fx_instance *host);

/* reason NULL: the part is ready. The caller keeps both texts. */
void host_set_ready(struct fx_instance *host, const char *name, const char *reason);
/* Waits until the plugin has asked for a checkpoint. */
void host_await_request(struct fx_instance *host);
/* Notes that a cut is taken now. The next one is requested min_interval_ms later at the earliest. */
void host_note_cut(struct fx_instance *host);

#endif
