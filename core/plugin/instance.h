/*
 * An instance of a plugin: what the configuration declared, its options filled,
 * its place in the pipeline. Made and freed by the main thread.
 */
#ifndef FXI_PLUGIN_INSTANCE_H
#define FXI_PLUGIN_INSTANCE_H

#include "config/config.h"
#include "metrics/metrics.h"
#include "plugin/loader.h"

struct fxi_pipeline;

struct fx_instance {
    const struct fx_plugin *plugin; /* the module's */
    const struct fxi_plugin_entry *entry;
    const char *file; /* of the configuration, for errors */
    const char *name; /* the entry's */
    void *options;
    struct fxi_metric_set *metrics;      /* the plugin's own table */
    struct fxi_metric_set *call_metrics; /* FXI_CALL_... */
    unsigned workers;
    struct fxi_pipeline *pipeline; /* whose schema it claims fields of */
    int may_claim;                 /* inside create */
    void *self;                    /* the plugin's; NULL before create */
    void **worker_contexts;        /* by the worker's index; NULL entries where there is none */
    int created, started;
    struct fx_state *state; /* an output's part of the state directory; NULL: none is kept */
    char *state_folder;     /* for fx_state_folder; NULL: there is none */
};

/* Loads the plugin, checks its kind and fills its options. NULL with err, which has the place in the configuration. */
struct fx_instance *fxi_instance_new(struct fxi_loader *loader, const struct fxi_config *config,
                                     const struct fxi_plugin_entry *entry, struct fx_error *err);
/* After destroy (or without create). */
void fxi_instance_free(struct fx_instance *instance);

/* The lifecycle of plugin.h. Each fills err's message with the instance's name in front. */
int fxi_instance_create(struct fx_instance *instance, struct fx_error *err);
int fxi_instance_start(struct fx_instance *instance, struct fx_error *err);
int fxi_instance_start_workers(struct fx_instance *instance, unsigned count, struct fx_error *err);
void fxi_instance_stop(struct fx_instance *instance, int timeout_ms);
void fxi_instance_destroy(struct fx_instance *instance);

#endif
