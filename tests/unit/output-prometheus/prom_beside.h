/* output-prometheus with two workers that write and a reader that looks at the page, all at once, beside checkpoints. */
#ifndef TESTS_PROM_BESIDE_H
#define TESTS_PROM_BESIDE_H

#include <pthread.h>
#include <stdatomic.h>

#include "prom_fixture.h"

struct prom_beside;

/* A few records of the worker's own, as sums[worker] then says. Its thread. */
typedef void prom_beside_write(struct prom_beside *beside, unsigned worker, unsigned round);

struct prom_beside_worker {
    struct prom_beside *beside;
    unsigned index;
};

struct prom_beside {
    struct prom_fixture fixture; /* the test's: made before begin, of two workers */
    prom_beside_write *write;
    uint64_t sums[2]; /* of what each worker has written */

    pthread_rwlock_t gate; /* workers read; the cut writes */
    atomic_bool stops;
    uint64_t greatest; /* sum that the reader has seen */
    bool goes_back;
    struct prom_beside_worker workers[2];
    pthread_t threads[3];
};

void prom_beside_begin(struct prom_beside *beside, prom_beside_write *write);
/* A checkpoint as the core takes it. Gives the sum of the cut. */
uint64_t prom_beside_checkpoint(struct prom_beside *beside);
/* The reader has never seen the sum go back. The fixture is gone, too. */
void prom_beside_end(struct prom_beside *beside);

#endif
