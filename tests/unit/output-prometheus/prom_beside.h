/* Runs an output-prometheus with two writing workers and a reader of the page, all at once, beside checkpoints. */
#ifndef TESTS_PROM_BESIDE_H
#define TESTS_PROM_BESIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "prom_fixture.h"

struct prom_beside;

/* Writes a few records in the worker's thread, and adds to sums[worker]. */
typedef void prom_beside_write(struct prom_beside *beside, unsigned worker, unsigned round);

struct prom_beside_worker {
    struct prom_beside *beside;
    unsigned index;
};

struct prom_beside {
    struct prom_fixture fixture; /* the test makes it with two workers before begin */
    prom_beside_write *write;
    uint64_t sums[2]; /* what each worker has written */

    pthread_rwlock_t gate; /* workers hold it for reading, the cut for writing */
    atomic_bool stops;
    uint64_t greatest; /* the greatest sum that the reader has seen */
    bool goes_back;
    struct prom_beside_worker workers[2];
    pthread_t threads[3];
};

void prom_beside_begin(struct prom_beside *beside, prom_beside_write *write);
/* Takes a checkpoint as the core does. Gives the sum of the cut. */
uint64_t prom_beside_checkpoint(struct prom_beside *beside);
/* Checks that the reader has never seen the sum go back. Ends the fixture as well. */
void prom_beside_end(struct prom_beside *beside);

#endif
