/*
 * Everything that is counted: the metrics, their series, what workers have counted, and the cuts of it. The kept
 * files, pages, requests and the live page are built on the store. The store knows nothing of them.
 */
#ifndef OUTPUT_PROMETHEUS_STORE_H
#define OUTPUT_PROMETHEUS_STORE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "options.h"
#include "series/family.h"
#include "series/info.h"
#include "series/intern.h"
#include "series/snapshot.h"
#include "series/worker.h"

struct prom_store {
    struct fx_instance *instance;
    const struct prom_options *options;
    struct prom_family *families;
    unsigned family_count;
    struct prom_intern texts;
    struct prom_info info; /* with the option as_info */
    struct prom_worker **workers;
    unsigned worker_count;
    bool has_gauges;
    _Atomic uint64_t stamp;          /* the last stamp that a batch may use; only with gauges */
    atomic_bool is_broken;           /* a cut found no memory: write reports it */
    struct prom_snapshot *pending;   /* cut, not yet committed; only for the checkpoint's thread */
    pthread_mutex_t lock;            /* for the next three */
    struct prom_snapshot *snapshots; /* all that are in use */
    struct prom_snapshot *exposed;   /* the snapshot that pages show */
    struct prom_snapshot *spare;     /* unused: its memory is for the next cut */
};

/* Makes a zero-initialised store by the options. 0, or a code with err. The caller frees in both cases. Main thread. */
int prom_store_init(struct prom_store *store, struct fx_instance *instance, const struct prom_options *options,
                    struct fx_error *err);
void prom_store_fini(struct prom_store *store);
/* Makes room for this many workers; none is made yet. 0, or a code with err. */
int prom_store_start(struct prom_store *store, unsigned workers, struct fx_error *err);

#endif
