/* The life of an instance. Main thread. */
#include <stdlib.h>

#include "prom.h"
#include "render.h"

void prom_destroy(void *self)
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

int prom_create(struct fx_instance *instance, const void *opts, void **self, struct fx_error *err)
{
    struct prom_output *output = calloc(1, sizeof *output);
    if (!output)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    output->instance = instance;
    output->options = opts;
    pthread_mutex_init(&output->lock, NULL);
    int rc = prom_listen_check(output->options->listen, instance, err);
    if (!rc)
        rc = prom_claim_fields(output, err);
    prom_make_families(output);
    if (make_registries(output) && !rc)
        rc = fx_error_set(err, FX_ENOMEM, "no memory for %lld series", (long long)output->options->max_series);
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
    if (output->options->asn == 0)
        fx_log(output->instance, FX_LOG_WARN,
               "No AS number is set: only flows from and to AS 0 are counted. Set 'asn' (--asn) to the own AS.", NULL);
    output->http = prom_http_start(output, err);
    if (!output->http)
        return err && err->code ? err->code : FX_EIO;
    fx_log(output->instance, FX_LOG_INFO, "Serving the page.", "listen=%s path=/metrics", output->options->listen);
    return 0;
}

void prom_stop(void *self, int timeout_ms)
{
    struct prom_output *output = self;
    (void)timeout_ms; /* connections are cut at once */
    prom_http_stop(output->http);
    output->http = NULL;
}
