/*
 * output-prometheus: counters by AS pair, served to Prometheus. The descriptor,
 * the options and the life of an instance (main thread); see prom.h.
 */
#include <stdlib.h>

#include "prom.h"
#include "render.h"

static const struct fx_option options[] = {
    {FX_OPTION(struct prom_options, listen), .type = FX_OPT_STRING, .fallback = ":9590",
     .help = "Where the page is served: host:port, [IPv6]:port, or :port for all addresses."},
    {FX_OPTION(struct prom_options, asn), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = 4294967295,
     .help = "The own AS: flows from it are transmitted, other flows to it received."},
    {FX_OPTION(struct prom_options, names_wait), .type = FX_OPT_DURATION, .fallback = "5s", .min = 0, .max = 3600000,
     .help = "How long a new series is held back until its names are known. It counts meanwhile; nothing is lost."},
    {FX_OPTION(struct prom_options, max_series), .type = FX_OPT_INTEGER, .fallback = "1000000", .min = 1,
     .max = 100000000, .unit = "series",
     .help = "Series a metric; records of further ones are counted in one series whose labels say 'other'."},
    {FX_OPTION(struct prom_options, max_connections), .type = FX_OPT_INTEGER, .fallback = "256", .min = 1, .max = 65535,
     .unit = "connections", .help = "HTTP connections at a time; further ones are closed."},
    {FX_OPTION(struct prom_options, connection_timeout), .type = FX_OPT_DURATION, .fallback = "30s", .min = 1000,
     .max = 3600000, .help = "After this time without a byte a connection is closed."},
    {.key = NULL}};

static const struct fx_metric metrics[] = {
    [PROM_SERIES] = {.name = "series", .kind = FX_GAUGE, .help = "Series that exist, held back ones included."},
    [PROM_SERIES_HELD] = {.name = "series_held",
                          .kind = FX_GAUGE,
                          .help = "Series that are held back until their names are known."},
    [PROM_OTHER] = {.name = "records_other_total",
                    .kind = FX_COUNTER,
                    .help = "Records counted in a series 'other' since there are too many series."},
    [PROM_UNMATCHED] = {.name = "records_unmatched_total",
                        .kind = FX_COUNTER,
                        .help = "Records of no metric: neither from nor to the own AS."},
    [PROM_WITHOUT_VALUE] = {.name = "records_without_value_total",
                            .kind = FX_COUNTER,
                            .help = "Records that match a metric but lack its value (bytes)."},
    [PROM_REQUESTS] = {.name = "http_requests_total",
                       .kind = FX_COUNTER,
                       .help = "HTTP requests, by what was answered.",
                       .label = "answer",
                       .values = (const char *const[]){"metrics", "healthy", "landing", "refused", NULL}},
    {.name = NULL}};

static void destroy(void *self)
{
    struct prom_output *output = self;
    prom_snapshot_unref(output->pending);
    prom_snapshot_unref(output->exposed);
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        struct prom_family *family = &output->families[i];
        for (uint32_t j = 1; j < family->registry.count; j++)
            for (unsigned k = 0; k < PROM_LABELS; k++)
                if (!family->labels[k].is_number && !(prom_series_at(&family->registry, j)->key[k] & PROM_KEY_TEXT))
                    fx_cell_unref((struct fx_cell *)(uintptr_t)prom_series_at(&family->registry, j)->key[k]);
        prom_registry_fini(&family->registry);
    }
    prom_intern_fini(&output->texts);
    pthread_mutex_destroy(&output->lock);
    free(output->workers);
    free(output);
}

static int make_registries(struct prom_output *output)
{
    int rc = prom_intern_init(&output->texts);
    for (unsigned i = 0; i < PROM_FAMILIES; i++) {
        struct prom_family *family = &output->families[i];
        if (prom_registry_init(&family->registry, (uint32_t)output->options->max_series))
            rc = -1;
        if (rc)
            continue;
        struct prom_series *other = prom_series_at(&family->registry, PROM_OTHER_SERIES);
        const char *text = prom_render_other(family, &other->text_size);
        atomic_store(&other->text, text);
        rc = text ? 0 : -1;
    }
    output->exposed = prom_snapshot_new();
    return output->exposed ? rc : -1;
}

static int create(struct fx_instance *instance, const void *opts, void **self, struct fx_error *err)
{
    struct prom_output *output = calloc(1, sizeof *output);
    if (!output)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    output->instance = instance;
    output->options = opts;
    pthread_mutex_init(&output->lock, NULL);
    int rc = prom_claim_fields(output, err);
    prom_make_families(output);
    if (make_registries(output) && !rc)
        rc = fx_error_set(err, FX_ENOMEM, "no memory for %lld series", (long long)output->options->max_series);
    if (rc)
        destroy(output);
    else
        *self = output;
    return rc;
}

static int start(void *self, struct fx_error *err)
{
    struct prom_output *output = self;
    output->worker_count = fx_instance_workers(output->instance);
    output->workers = calloc(output->worker_count, sizeof(struct prom_worker *));
    if (!output->workers)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    if (output->options->asn == 0)
        fx_log(output->instance, FX_LOG_WARN,
               "No AS number is set: only flows from and to AS 0 are counted. Set 'asn' (--asn) to the own AS.", NULL);
    output->http = prom_http_start(output, err);
    if (!output->http)
        return err && err->code ? err->code : FX_EIO;
    fx_log(output->instance, FX_LOG_INFO, "Serving the page.", "listen=%s path=/metrics", output->options->listen);
    return 0;
}

static void stop(void *self, int timeout_ms)
{
    struct prom_output *output = self;
    (void)timeout_ms; /* connections are cut at once */
    prom_http_stop(output->http);
    output->http = NULL;
}

FX_PLUGIN = {FX_PLUGIN_OUTPUT,
             .name = "output-prometheus",
             .version = "0.1.0",
             .summary = "Counts bytes by AS pair and serves them to Prometheus.",
             .options = options,
             .options_size = sizeof(struct prom_options),
             .metrics = metrics,
             .create = create,
             .start = start,
             .stop = stop,
             .destroy = destroy,
             .worker_new = prom_worker_new,
             .worker_free = prom_worker_free,
             .write = prom_write,
             .cut = prom_cut,
             .prepare = prom_prepare,
             .committed = prom_committed,
             .rolled_back = prom_rolled_back,
             .restore = prom_restore};
