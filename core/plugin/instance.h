/*
 * An instance of a plugin: its entry in the configuration, its options, its place in the pipeline. Only the main thread
 * makes and frees instances.
 */
#ifndef FXI_PLUGIN_INSTANCE_H
#define FXI_PLUGIN_INSTANCE_H

#include <pthread.h>

#include "config/config.h"
#include "metrics/metrics.h"
#include "plugin/loader.h"

struct fxi_pipeline;

struct fx_instance {
    const struct fx_plugin *plugin; /* of the module */
    const struct fxi_plugin_entry *entry;
    const char *file; /* the configuration's file, for errors */
    const char *name; /* of the entry */
    void *options;
    struct fxi_metric_set *metrics;      /* of the plugin's own table */
    struct fxi_metric_set *call_metrics; /* FXI_CALL_... */
    unsigned workers;
    struct fxi_pipeline *pipeline; /* the pipeline whose schema gets the claimed fields */
    int may_claim;                 /* set inside create */
    void *self;                    /* the plugin's own pointer; NULL before create */
    void **worker_contexts;        /* by the worker's index; NULL where there is none */
    int created, started;
    pthread_mutex_t *serial; /* held in each call of a serialized instance (calls.h); NULL: the instance is none */
    int64_t tick_ms;         /* when the instance's tick is due; for the thread of ticks */
    int on_failure;          /* of an output: enum fxi_on_failure, never UNSET */
    int is_given_up;         /* an output that did not store a checkpoint in time (drop); under run, as the next one */
    int holds_back;          /* it did not store the last checkpoint, which readiness shows */
    struct fx_state *state;  /* an output's part of the state directory; NULL: none */
    char *state_folder;      /* for fx_state_folder; NULL: none */
};

/*
 * Loads the plugin, checks its kind and fills its options. On failure gives NULL and err with the place in the
 * configuration.
 */
struct fx_instance *fxi_instance_new(struct fxi_loader *loader, const struct fxi_config *config,
                                     const struct fxi_plugin_entry *entry, struct fx_error *err);
/* Call after destroy, or if create was not called. */
void fxi_instance_free(struct fx_instance *instance);

/* The lifecycle in plugin.h. On failure the message in err begins with the instance's name. */
int fxi_instance_create(struct fx_instance *instance, struct fx_error *err);
int fxi_instance_start(struct fx_instance *instance, struct fx_error *err);
int fxi_instance_start_workers(struct fx_instance *instance, unsigned count, struct fx_error *err);
void fxi_instance_stop(struct fx_instance *instance, int timeout_ms);
void fxi_instance_destroy(struct fx_instance *instance);

#endif
