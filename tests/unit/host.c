#include "host.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"
#include "util/clock.h"

void host_init(struct fx_instance *host, const char *name, const struct fx_metric *metrics)
{
    *host = (struct fx_instance){.name = name, .workers = 1, .part = {.name = name, .plugin = name, .version = "1"}};
    host->all_metrics = fxi_metrics_new();
    host->metrics = fxi_metrics_add_set(host->all_metrics, name, metrics);
    pthread_mutex_init(&host->lock, NULL);
    pthread_cond_init(&host->asked, NULL);
}

void host_fini(struct fx_instance *host)
{
    for (int i = 0; i < host->field_count; i++)
        free(host->fields[i].path);
    fxi_metrics_free(host->all_metrics);
    pthread_cond_destroy(&host->asked);
    pthread_mutex_destroy(&host->lock);
}

/* ---- The instance */

const char *fx_instance_name(const struct fx_instance *instance)
{
    return instance->name;
}

unsigned fx_instance_workers(const struct fx_instance *instance)
{
    return instance->workers;
}

int fx_error_option(struct fx_error *err, const struct fx_instance *instance, const char *option, const char *item,
                    const char *format, ...)
{
    (void)instance, (void)option, (void)item;
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return err->code = FX_EINVAL;
}

int fx_option_is_secret(const struct fx_instance *instance, const char *option, const char *item)
{
    (void)instance, (void)option, (void)item;
    return 0;
}

/* ---- Fields */

int fx_claim(struct fx_instance *instance, const struct fx_claim *claim, struct fx_error *err)
{
    for (int i = 0; i < instance->field_count; i++)
        if (instance->fields[i].type == claim->type && strcmp(instance->fields[i].path, claim->path) == 0)
            return i;
    if (instance->field_count == HOST_FIELDS)
        return fx_error_set(err, FX_EINVAL, "the host has no room for field '%s'", claim->path);
    instance->fields[instance->field_count].path = fxi_strdup(claim->path);
    instance->fields[instance->field_count].type = (enum fx_type)claim->type;
    return instance->field_count++;
}

/* ---- Metrics */

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

void fx_metrics_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_sample *sample), void *arg)
{
    fxi_metrics_visit(instance->all_metrics, visit, arg);
}

/* ---- The other parts of a program */

void fx_part_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_part *part), void *arg)
{
    visit(arg, &instance->part);
}

void host_set_ready(struct fx_instance *host, const char *name, const char *reason)
{
    pthread_mutex_lock(&host->lock);
    unsigned place = 0;
    for (unsigned i = HOST_PARTS; i-- > 0;)
        if (!host->waiting[i].name || strcmp(host->waiting[i].name, name) == 0)
            place = i;
    host->waiting[place].name = reason ? name : NULL;
    host->waiting[place].reason = reason;
    pthread_mutex_unlock(&host->lock);
}

unsigned fx_ready_visit(struct fx_instance *instance, void (*visit)(void *arg, const char *name, const char *reason),
                        void *arg)
{
    unsigned count = 0;
    pthread_mutex_lock(&instance->lock);
    for (unsigned i = 0; i < HOST_PARTS; i++) {
        if (!instance->waiting[i].name)
            continue;
        visit(arg, instance->waiting[i].name, instance->waiting[i].reason);
        count++;
    }
    pthread_mutex_unlock(&instance->lock);
    return count;
}

/* ---- Checkpoints */

enum fx_verdict fx_checkpoint_request(struct fx_instance *instance)
{
    pthread_mutex_lock(&instance->lock);
    bool is_young = !instance->requested && instance->last_cut_ms &&
                    fxi_clock_ms() - instance->last_cut_ms < instance->min_interval_ms;
    instance->requested = instance->requested || !is_young;
    pthread_cond_broadcast(&instance->asked);
    pthread_mutex_unlock(&instance->lock);
    return is_young ? FX_AGAIN : FX_OK;
}

void host_await_request(struct fx_instance *host)
{
    pthread_mutex_lock(&host->lock);
    while (!host->requested)
        pthread_cond_wait(&host->asked, &host->lock);
    host->requested = false;
    pthread_mutex_unlock(&host->lock);
}

void host_note_cut(struct fx_instance *host)
{
    pthread_mutex_lock(&host->lock);
    host->last_cut_ms = fxi_clock_ms();
    pthread_mutex_unlock(&host->lock);
}
