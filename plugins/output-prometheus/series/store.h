/*
 * All that is counted: the metrics, their series, what workers have counted, and the cuts of it. What outlives the program, pages,
 * requests and the live page are built on it, and it knows nothing of them.
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
    _Atomic uint64_t stamp;          /* the last one that a batch may use; only with gauges */
    atomic_bool is_broken;           /* a cut found no memory: write says so */
    struct prom_snapshot *pending;   /* cut, not yet committed; the checkpoint's owner only */
    pthread_mutex_t lock;            /* of the following three */
    struct prom_snapshot *snapshots; /* all that are in use */
    struct prom_snapshot *exposed;   /* what pages show */
    struct prom_snapshot *spare;     /* nobody's: its memory is for the next cut */
};

/* Of a zero-initialised one, by the options. 0, or a code with err. To be freed in both cases. Main thread. */
int prom_store_init(struct prom_store *store, struct fx_instance *instance, const struct prom_options *options,
                    struct fx_error *err);
void prom_store_fini(struct prom_store *store);
/* Room for so many workers, which are none yet. 0, or a code with err. */
int prom_store_start(struct prom_store *store, unsigned workers, struct fx_error *err);

#endif
