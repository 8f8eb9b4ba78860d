/* GET /api/v1/status: the parts of the pipeline as configured, and what each has done. The HTTP thread. */
#include <stdio.h>
#include <string.h>

#include "live/api.h"
#include "base/clock.h"
#include "live/rates.h"
#include "series/store.h"

#define PREFIX "flow_exporter_"

/*
 * The self metrics that are shown, each summed over its labels. A metric with a breakdown is also shown by that
 * label.
 */
static const struct shown {
    const char *name, *breakdown;
} shown[] = {
    {"payloads_total", NULL},
    {"payload_bytes_total", NULL},
    {"records_total", NULL},
    {"records_malformed_total", "reason"},
    {"records_ignored_total", NULL},
    {"records_lost_total", NULL},
    {"input_faults_total", NULL},
    {"kafka_lag_messages", NULL},
    {"kafka_assigned_partitions", NULL},
    {"stage_records_total", NULL},
    {"stage_dropped_total", NULL},
    {"stage_retries_total", NULL},
    {"stage_seconds_total", NULL},
    {"series", NULL},
    {"series_held", NULL},
    {"records_other_total", NULL},
    {"records_unmatched_total", NULL},
    {"records_without_value_total", NULL},
    {"workers", NULL},
    {"checkpoint_age_seconds", NULL},
    {"checkpoint_cut_seconds", NULL},
    {"checkpoints_total", "result"},
    {"state_kept", NULL},
};

/* The answer while it is made. */
struct status {
    const char *own;             /* name of the instance that answers */
    struct json_object *parts;   /* an array */
    struct json_object *program; /* metrics that belong to no part */
    struct json_object *waiting; /* an array */
};

static const char *label_of(const struct fx_sample *sample, const char *name)
{
    for (unsigned i = 0; i < sample->label_count; i++)
        if (strcmp(sample->label_names[i], name) == 0)
            return sample->label_values[i];
    return NULL;
}

static struct json_object *part_of(const struct status *status, const char *name)
{
    for (size_t i = 0; i < json_object_array_length(status->parts); i++) {
        struct json_object *part = json_object_array_get_idx(status->parts, i);
        if (strcmp(json_object_get_string(json_object_object_get(part, "name")), name) == 0)
            return part;
    }
    return NULL;
}

static void add_number(struct json_object *to, const char *key, const struct fx_sample *sample)
{
    struct json_object *old;
    bool has_old = json_object_object_get_ex(to, key, &old);
    if (sample->is_double)
        json_object_object_add(to, key, prom_api_decimal((has_old ? json_object_get_double(old) : 0) + sample->real));
    else
        json_object_object_add(to, key,
                               json_object_new_int64((has_old ? json_object_get_int64(old) : 0) + sample->integer));
}

static void add_to_breakdown(struct json_object *metrics, const struct shown *row, const struct fx_sample *sample)
{
    char key[64];
    const char *value = label_of(sample, row->breakdown);
    struct json_object *breakdown;
    snprintf(key, sizeof key, "%s_by_%s", row->name, row->breakdown);
    if (!json_object_object_get_ex(metrics, key, &breakdown)) {
        breakdown = json_object_new_object();
        json_object_object_add(metrics, key, breakdown);
    }
    if (value && sample->integer)
        add_number(breakdown, value, sample);
}

static void add_sample(void *arg, const struct fx_sample *sample)
{
    const struct status *status = arg;
    const char *name = sample->name + strlen(PREFIX), *plugin = label_of(sample, "plugin");
    size_t i = 0;
    while (i < sizeof shown / sizeof *shown && strcmp(shown[i].name, name) != 0)
        i++;
    if (strncmp(sample->name, "flow_exporter_", strlen(PREFIX)) == 0 && strcmp(name, "build_info") == 0)
        json_object_object_add(status->program, "version", json_object_new_string(label_of(sample, "version")));
    if (i == sizeof shown / sizeof *shown || sample->bounds)
        return;
    struct json_object *part = plugin ? part_of(status, plugin) : status->program, *metrics;
    if (!part || !json_object_object_get_ex(part, "metrics", &metrics))
        return;
    add_number(metrics, name, sample);
    if (shown[i].breakdown)
        add_to_breakdown(metrics, &shown[i], sample);
}

static void add_part(void *arg, const struct fx_part *part)
{
    static const char *const kinds[] = {
        [FX_KIND_INPUT] = "input", [FX_KIND_RESOLVER] = "resolver", [FX_KIND_OUTPUT] = "output"};
    const struct status *status = arg;
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "name", json_object_new_string(part->name));
    json_object_object_add(object, "kind", json_object_new_string(kinds[part->kind]));
    json_object_object_add(object, "plugin", json_object_new_string(part->plugin));
    json_object_object_add(object, "workers", json_object_new_int64(part->workers));
    json_object_object_add(object, "metrics", json_object_new_object());
    json_object_object_add(object, "is_this", json_object_new_boolean(strcmp(part->name, status->own) == 0));
    json_object_array_add(status->parts, object);
}

static void add_waiting(void *arg, const char *name, const char *reason)
{
    const struct status *status = arg;
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "part", json_object_new_string(name));
    json_object_object_add(object, "reason", json_object_new_string(reason));
    json_object_array_add(status->waiting, object);
}

static struct json_object *series_array(const struct prom_store *store)
{
    struct json_object *array = json_object_new_array();
    for (unsigned i = 0; i < store->family_count; i++) {
        const struct prom_family *family = &store->families[i];
        struct json_object *object = json_object_new_object();
        json_object_object_add(object, "metric", json_object_new_string(family->name));
        int64_t limit = (int64_t)family->registry.limit - 1; /* without the series 'other' */
        int64_t room = atomic_load_explicit(&family->registry.room, memory_order_relaxed);
        json_object_object_add(object, "series", json_object_new_int64(limit - room));
        json_object_object_add(object, "limit", json_object_new_int64(limit));
        json_object_array_add(array, object);
    }
    return array;
}

static struct json_object *history_object(struct prom_rates *rates)
{
    struct json_object *object = json_object_new_object();
    pthread_mutex_lock(&rates->lock);
    json_object_object_add(object, "points", json_object_new_int64(rates->point_count));
    json_object_object_add(object, "step_cost_seconds", json_object_new_double((double)rates->cost_ns / 1e9));
    pthread_mutex_unlock(&rates->lock);
    return object;
}

enum MHD_Result prom_api_status(const struct prom_request *request, struct prom_rates *rates)
{
    enum MHD_Result answer;
    if (!prom_api_query(request, NULL, 0, &answer))
        return answer;
    struct fx_instance *instance = rates->store->instance;
    struct status status = {.own = fx_instance_name(instance),
                            .parts = json_object_new_array(),
                            .program = json_object_new_object(),
                            .waiting = json_object_new_array()};
    json_object_object_add(status.program, "metrics", json_object_new_object());
    fx_part_visit(instance, add_part, &status);
    fx_metrics_visit(instance, add_sample, &status);
    bool is_ready = fx_ready_visit(instance, add_waiting, &status) == 0;
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "version", json_object_new_int(PROM_API_VERSION));
    json_object_object_add(object, "time", prom_api_decimal((double)prom_clock_wall_ms() / 1000));
    json_object_object_add(object, "monotonic_seconds", prom_api_decimal((double)prom_clock_ms() / 1000));
    json_object_object_add(object, "ready", json_object_new_boolean(is_ready));
    json_object_object_add(object, "waiting", status.waiting);
    json_object_object_add(object, "program", status.program);
    json_object_object_add(object, "parts", status.parts);
    json_object_object_add(object, "series", series_array(rates->store));
    json_object_object_add(object, "history", history_object(rates));
    return prom_api_send(request, MHD_HTTP_OK, object);
}
