/* The life of an instance. Main thread, except for write, which the worker's thread calls. */
#include <stdlib.h>

#include <flow-exporter/asn.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "http/listen.h"
#include "page/page.h"
#include "prom.h"
#include "routes.h"
#include "web/webfile.h"

#define PATIENCE_MS 1000

void prom_destroy(void *self)
{
    struct prom_output *output = self;
    prom_kept_fini(&output->kept);
    prom_rates_fini(&output->rates);
    prom_store_fini(&output->store);
    prom_webfile_close(output->host.webfile);
    free(output);
}

/* The web configuration belongs to the configuration, so it is read where the configuration is checked. */
static int read_web_config(struct prom_output *output, struct fx_error *err)
{
    const char *path = output->options->web_config;
    if (!path)
        return 0;
    output->host.webfile = prom_webfile_open(output->instance, path, err);
    if (!output->host.webfile)
        return err && err->code ? err->code : FX_EINVAL;
    if (output->host.webfile->current->tls && (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES ||
                                               MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES))
        return fx_error_option(err, output->instance, "web_config", NULL,
                               "this system's libmicrohttpd was built without TLS: install one with it, or put a "
                               "proxy before a Unix socket");
    return 0;
}

static int init(struct prom_output *output, struct fx_error *err)
{
    int rc = prom_listen_check(output->options, output->instance, err);
    if (!rc)
        rc = read_web_config(output, err);
    if (!rc)
        rc = prom_store_init(&output->store, output->instance, output->options, err);
    return rc ? rc : prom_rates_init(&output->rates, &output->store, err);
}

static struct prom_page *open_page(void *owner, enum prom_format format, const struct prom_filter *filter)
{
    struct prom_output *output = owner;
    return prom_page_new(&output->store, format, filter);
}

int prom_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct prom_output *output = calloc(1, sizeof *output);
    if (!output)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    output->instance = instance;
    output->options = options;
    output->host = (struct prom_http_host){.owner = output,
                                           .instance = instance,
                                           .options = options,
                                           .patience_ms = PATIENCE_MS,
                                           .find_route = prom_route_find,
                                           .open_page = open_page};
    output->kept.look_at_all = true;
    int rc = init(output, err);
    if (rc)
        prom_destroy(output);
    else
        *self = output;
    return rc;
}

static bool is_only_as_zero(const struct prom_options *options)
{
    uint32_t number;
    return !options->metrics.count && options->asn.count == 1 && !fx_asn_read(options->asn.items[0], &number, NULL) &&
           number == 0;
}

int prom_start(void *self, struct fx_error *err)
{
    struct prom_output *output = self;
    int rc = prom_store_start(&output->store, fx_instance_workers(output->instance), err);
    if (rc)
        return rc;
    if (is_only_as_zero(output->options))
        fx_log(
            output->instance, FX_LOG_INFO,
            "Only flows from and to AS 0 are counted. If your routers write another number for your own network, set "
            "'asn' (--asn) to it.",
            NULL);
    if (output->options->max_pages)
        fx_log(output->instance, FX_LOG_WARN,
               "The option 'max_pages' has no effect any more: remove it. 'max_compressed' bounds the memory for "
               "compression, 'max_connections' the connections.",
               NULL);
    rc = prom_rates_start(&output->rates, err);
    if (rc)
        return rc;
    output->http = prom_http_start(&output->host, err);
    if (output->http)
        return 0;
    prom_rates_stop(&output->rates);
    return err && err->code ? err->code : FX_EIO;
}

void prom_stop(void *self, int timeout_ms)
{
    struct prom_output *output = self;
    (void)timeout_ms; /* connections are cut at once */
    prom_http_stop(output->http);
    output->http = NULL;
    prom_rates_stop(&output->rates);
}

int prom_begin_worker(void *self, unsigned index, void **context, struct fx_error *err)
{
    struct prom_output *output = self;
    *context = prom_worker_new(&output->store, index);
    return *context ? 0 : fx_error_set(err, FX_ENOMEM, "out of memory");
}

void prom_end_worker(void *self, void *context)
{
    (void)self;
    prom_worker_free(context);
}

enum fx_verdict prom_write(void *self, void *context, const struct fx_batch *batch)
{
    (void)self;
    return prom_worker_write(context, batch);
}
