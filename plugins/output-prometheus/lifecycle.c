/* The life of an instance. Main thread. */
#include <stdlib.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>

#include "http/listen.h"
#include "prom.h"
#include "http/webfile.h"

#define PATIENCE_MS 1000

void prom_destroy(void *self)
{
    struct prom_output *output = self;
    prom_snapshot_free(output->pending);
    prom_snapshot_free(output->exposed);
    prom_snapshot_free(output->spare);
    prom_kept_fini(&output->kept);
    prom_rates_fini(&output->rates);
    prom_families_fini(output);
    prom_intern_fini(&output->texts);
    prom_info_fini(&output->info);
    pthread_mutex_destroy(&output->lock);
    prom_webfile_close(output->webfile);
    free(output->workers);
    free(output);
}

/* A part of the configuration, so it is read where that is checked. */
static int read_web_config(struct prom_output *output, struct fx_error *err)
{
    const char *path = output->options->web_config;
    if (!path)
        return 0;
    output->webfile = prom_webfile_open(output->instance, path, err);
    if (!output->webfile)
        return err && err->code ? err->code : FX_EINVAL;
    if (output->webfile->current->tls && (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES ||
                                          MHD_is_feature_supported(MHD_FEATURE_HTTPS_CERT_CALLBACK) != MHD_YES))
        return fx_error_option(err, output->instance, "web_config", NULL,
                               "this system's libmicrohttpd was built without TLS: install one with it, or put a "
                               "proxy before a Unix socket");
    return 0;
}

static int init(struct prom_output *output, struct fx_error *err)
{
    if (prom_intern_init(&output->texts))
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    int rc = prom_listen_check(output->options, output->instance, err);
    if (rc)
        return rc;
    rc = read_web_config(output, err);
    if (rc)
        return rc;
    rc = prom_families_init(output, err);
    if (rc)
        return rc;
    rc = prom_rates_init(&output->rates, output, err);
    if (rc)
        return rc;
    output->exposed = prom_snapshot_new(output);
    return output->exposed ? 0 : fx_error_set(err, FX_ENOMEM, "out of memory");
}

int prom_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct prom_output *output = calloc(1, sizeof *output);
    if (!output)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    output->instance = instance;
    output->options = options;
    output->patience_ms = PATIENCE_MS;
    output->kept.look_at_all = true;
    pthread_mutex_init(&output->lock, NULL);
    prom_info_init(&output->info);
    int rc = init(output, err);
    if (rc)
        prom_destroy(output);
    else
        *self = output;
    return rc;
}

int prom_start(void *self, struct fx_error *err)
{
    struct prom_output *output = self;
    output->worker_count = fx_instance_workers(output->instance);
    output->workers = calloc(output->worker_count, sizeof(struct prom_worker *));
    if (!output->workers)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    if (output->options->asn == 0 && !output->options->metrics.count)
        fx_log(output->instance, FX_LOG_WARN,
               "No AS number is set: only flows from and to AS 0 are counted. Set 'asn' (--asn) to the own AS.", NULL);
    int rc = prom_rates_start(&output->rates, err);
    if (rc)
        return rc;
    output->http = prom_http_start(output, err);
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
