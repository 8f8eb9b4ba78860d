/*
 * A host for one plugin: what a program does for it by the functions of the installed headers, and no more. A unit test
 * links it instead of the core's pipeline, calls the plugin's functions itself, and sees here what the plugin has asked
 * for. Metrics are the core's own.
 */
#ifndef TEST_HOST_H
#define TEST_HOST_H

#include <pthread.h>
#include <stdbool.h>

#include <flow-exporter/plugin.h>

#include "metrics/metrics.h"

enum { HOST_FIELDS = 16, HOST_PARTS = 4 };

/* The test's own; plugins only hold a pointer to it. */
struct fx_instance {
    const char *name;
    unsigned workers;
    struct fxi_metrics *all_metrics;
    struct fxi_metric_set *metrics; /* the plugin's table */
    struct fx_part part;

    struct {
        char *path;
        enum fx_type type;
    } fields[HOST_FIELDS]; /* in the order in which they were claimed: a field's number is its place */
    int field_count;

    struct {
        const char *name, *reason;
    } waiting[HOST_PARTS]; /* what is not ready; a NULL name: the place is free */

    pthread_mutex_t lock;
    pthread_cond_t asked;
    bool requested; /* a checkpoint; under lock, as all that follows */
    int64_t min_interval_ms, last_cut_ms;
};

/* name and table stay with the caller. */
void host_init(struct fx_instance *host, const char *name, const struct fx_metric *metrics);
void host_fini(struct fx_instance *host);

/* reason NULL: it is ready. Both texts stay with the caller. */
void host_set_ready(struct fx_instance *host, const char *name, const char *reason);
/* Waits until the plugin has asked for a checkpoint. */
void host_await_request(struct fx_instance *host);
/* A cut is taken now: another is asked for min_interval_ms later at the earliest. */
void host_note_cut(struct fx_instance *host);

#endif
