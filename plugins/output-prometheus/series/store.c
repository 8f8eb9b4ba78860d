/* Making and freeing the store. Main thread. */
#include "series/store.h"

#include <stdlib.h>

static int init(struct prom_store *store, struct fx_error *err)
{
    if (prom_intern_init(&store->texts))
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    int rc = prom_families_init(store, err);
    if (rc)
        return rc;
    store->exposed = prom_snapshot_new(store);
    return store->exposed ? 0 : fx_error_set(err, FX_ENOMEM, "out of memory");
}

int prom_store_init(struct prom_store *store, struct fx_instance *instance, const struct prom_options *options,
                    struct fx_error *err)
{
    store->instance = instance;
    store->options = options;
    pthread_mutex_init(&store->lock, NULL);
    prom_info_init(&store->info);
    return init(store, err);
}

void prom_store_fini(struct prom_store *store)
{
    if (!store->instance)
        return;
    prom_snapshot_free(store->pending);
    prom_snapshot_free(store->exposed);
    prom_snapshot_free(store->spare);
    prom_families_fini(store);
    prom_intern_fini(&store->texts);
    prom_info_fini(&store->info);
    pthread_mutex_destroy(&store->lock);
    free(store->workers);
}

int prom_store_start(struct prom_store *store, unsigned workers, struct fx_error *err)
{
    store->worker_count = workers;
    store->workers = calloc(workers, sizeof(struct prom_worker *));
    return store->workers ? 0 : fx_error_set(err, FX_ENOMEM, "out of memory");
}
