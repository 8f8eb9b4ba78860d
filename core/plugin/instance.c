/*
 * Instances of plugins: options, lifecycle, and the small services that need no pipeline. Main thread, except for
 * metrics.
 */
#include "plugin/instance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "config/secret.h"
#include "plugin/calls.h"
#include "plugin/check.h"
#include "util/alloc.h"

const char *fx_state_folder(const struct fx_instance *instance)
{
    return instance->state_folder;
}

unsigned fx_instance_workers(const struct fx_instance *instance)
{
    return instance->workers;
}

void fx_metric_add(struct fx_instance *instance, unsigned metric, unsigned value, int64_t n)
{
    fxi_metric_set_add(instance->metrics, metric, value, n);
}

void fx_metric_set(struct fx_instance *instance, unsigned metric, unsigned value, int64_t n)
{
    fxi_metric_set_put(instance->metrics, metric, value, n);
}

void fx_metric_observe(struct fx_instance *instance, unsigned metric, unsigned value, double x)
{
    fxi_metric_set_observe(instance->metrics, metric, value, x);
}

struct fx_series *fx_series_begin(struct fx_instance *instance, unsigned metric, const char *const *values)
{
    return fxi_metric_set_series(instance->metrics, metric, values);
}

int fx_error_option(struct fx_error *err, const struct fx_instance *instance, const char *option, const char *item,
                    const char *format, ...)
{
    if (!err)
        return FX_EINVAL;
    err->code = FX_EINVAL;
    snprintf(err->file, sizeof err->file, "%s", instance->file);
    fxi_options_place(instance->entry->node, option, item, &err->line, &err->column);
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return FX_EINVAL;
}

int fx_option_is_secret(const struct fx_instance *instance, const char *option, const char *item)
{
    const struct fxi_node *node = fxi_node_get(instance->entry->node, option);
    if (node && item)
        node = node->type == FXI_NODE_MAP ? fxi_node_get(node, item) : NULL;
    return fxi_secret_is(fxi_option_find(instance->plugin->options, option), item, node);
}

/* An error of the loader names the plugin's file. This adds the place in the configuration that asks for the plugin. */
static void add_place(struct fx_error *err, const struct fxi_config *config, const struct fxi_node *node)
{
    if (!err || err->line)
        return;
    snprintf(err->file, sizeof err->file, "%s", config->document->file);
    err->line = node->line;
    err->column = node->column;
}

static int check_kind(const struct fxi_config *config, const struct fxi_plugin_entry *entry,
                      const struct fx_plugin *plugin, struct fx_error *err)
{
    const struct fxi_node *node = fxi_node_get(entry->node, "plugin");
    const char *file = config->document->file;
    if (plugin->kind != entry->kind)
        return fxi_node_error(err, file, node, 0, FX_EINVAL, "'%s' belongs under '%ss', not under '%ss'", plugin->name,
                              fxi_kind_name(plugin->kind), fxi_kind_name(entry->kind));
    if (plugin->max_workers && entry->workers > plugin->max_workers)
        return fxi_node_error(err, file, fxi_node_get(entry->node, "workers"), 0, FX_EINVAL,
                              "'%s' takes at most %u worker(s), not %lld", plugin->name, (unsigned)plugin->max_workers,
                              (long long)entry->workers);
    return 0;
}

static pthread_mutex_t *new_serial(void)
{
    pthread_mutex_t *serial = fxi_calloc(1, sizeof *serial);
    pthread_mutex_init(serial, NULL);
    return serial;
}

static int failure_policy(const struct fxi_plugin_entry *entry, const struct fx_plugin *plugin)
{
    if (entry->output.on_failure != FXI_ON_FAILURE_UNSET)
        return entry->output.on_failure;
    return plugin->flags & FX_PLUGIN_MUST_NOT_LOSE ? FXI_ON_FAILURE_WAIT : FXI_ON_FAILURE_DROP;
}

struct fx_instance *fxi_instance_new(struct fxi_loader *loader, const struct fxi_config *config,
                                     const struct fxi_plugin_entry *entry, struct fx_error *err)
{
    const struct fxi_module *module = fxi_loader_get(loader, entry->plugin, err);
    if (!module) {
        add_place(err, config, fxi_node_get(entry->node, "plugin"));
        return NULL;
    }
    const struct fx_plugin *plugin = &module->plugin;
    if (check_kind(config, entry, plugin, err))
        return NULL;
    struct fx_instance *instance = fxi_calloc(1, sizeof *instance);
    instance->plugin = plugin;
    instance->entry = entry;
    instance->file = config->document->file;
    instance->name = entry->name;
    instance->serial = plugin->flags & FX_PLUGIN_SERIALIZED ? new_serial() : NULL;
    instance->on_failure = failure_policy(entry, plugin);
    instance->options = fxi_calloc(1, plugin->options_size);
    if (fxi_options_fill(plugin->options, instance->file, entry->node, fxi_entry_keys(entry->kind), instance->options,
                         err)) {
        fxi_instance_free(instance);
        return NULL;
    }
    return instance;
}

void fxi_instance_free(struct fx_instance *instance)
{
    if (!instance)
        return;
    fxi_calls_forget();
    if (instance->plugin->options)
        fxi_options_fini(instance->plugin->options, instance->options);
    free(instance->options);
    free(instance->state_folder);
    if (instance->serial)
        pthread_mutex_destroy(instance->serial);
    free(instance->serial);
    free(instance);
}

/*
 * Puts the instance's name in front ("input-kafka: no broker ..."), so that a message tells its origin. A mistake in the
 * configuration has a place there: the instance's own place, if the plugin names none.
 */
static int name_speaker(const struct fx_instance *instance, int rc, struct fx_error *err)
{
    if (rc >= 0 || !err)
        return rc < 0 ? rc : 0;
    if (rc == FX_EINVAL && !err->file[0] && !err->line) {
        const struct fxi_node *node = fxi_node_get(instance->entry->node, "plugin");
        snprintf(err->file, sizeof err->file, "%s", instance->file);
        err->line = node->line;
        err->column = node->column;
        err->code = FX_EINVAL;
    }
    char message[FX_ERROR_MESSAGE_MAX - 80]; /* leaves room for the name, at most 64 bytes */
    snprintf(message, sizeof message, "%.*s", (int)sizeof message - 1, err->message);
    snprintf(err->message, sizeof err->message, "%.64s: %s", instance->name,
             message[0] ? message : "the plugin failed and gave no reason");
    return rc;
}

int fxi_instance_create(struct fx_instance *instance, struct fx_error *err)
{
    instance->may_claim = 1;
    struct fxi_call before = fxi_call_begin(instance, "create", 0);
    int rc = instance->plugin->create(instance, instance->options, &instance->self, err);
    fxi_call_end(before);
    instance->may_claim = 0;
    instance->created = rc >= 0;
    return name_speaker(instance, rc, err);
}

int fxi_instance_start(struct fx_instance *instance, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(instance, "start", 0);
    int rc = instance->plugin->start ? instance->plugin->start(instance->self, err) : 0;
    fxi_call_end(before);
    instance->started = rc >= 0;
    return name_speaker(instance, rc, err);
}

int fxi_instance_start_workers(struct fx_instance *instance, unsigned count, struct fx_error *err)
{
    int rc = 0;
    instance->worker_contexts = fxi_calloc(count, sizeof *instance->worker_contexts);
    struct fxi_call before = fxi_call_begin(instance, "worker_new", 0);
    for (unsigned i = 0; i < count && instance->plugin->worker_new && rc >= 0; i++)
        rc = instance->plugin->worker_new(instance->self, i, &instance->worker_contexts[i], err);
    fxi_call_end(before);
    return name_speaker(instance, rc, err);
}

void fxi_instance_stop(struct fx_instance *instance, int timeout_ms)
{
    struct fxi_call before = fxi_call_begin(instance, "stop", 0);
    if (instance->started && instance->plugin->stop)
        instance->plugin->stop(instance->self, timeout_ms);
    fxi_call_end(before);
    instance->started = 0;
}

static void free_workers(struct fx_instance *instance)
{
    struct fxi_call before = fxi_call_begin(instance, "worker_free", 0);
    for (unsigned i = 0; instance->worker_contexts && i < instance->workers; i++)
        if (instance->worker_contexts[i])
            instance->plugin->worker_free(instance->self, instance->worker_contexts[i]);
    fxi_call_end(before);
    free(instance->worker_contexts);
    instance->worker_contexts = NULL;
}

void fxi_instance_destroy(struct fx_instance *instance)
{
    free_workers(instance);
    struct fxi_call before = fxi_call_begin(instance, "destroy", 0);
    if (instance->created)
        instance->plugin->destroy(instance->self);
    instance->created = 0;
    fxi_call_end(before);
}
