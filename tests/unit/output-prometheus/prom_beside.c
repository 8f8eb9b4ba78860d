#include "prom_beside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static void *write_main(void *arg)
{
    const struct prom_beside_worker *worker = arg;
    struct prom_beside *beside = worker->beside;
    for (unsigned round = 0; !atomic_load(&beside->stops); round++) {
        pthread_rwlock_rdlock(&beside->gate);
        beside->write(beside, worker->index, round);
        pthread_rwlock_unlock(&beside->gate);
    }
    return NULL;
}

static void *read_main(void *arg)
{
    struct prom_beside *beside = arg;
    while (!atomic_load(&beside->stops) && !beside->goes_back) {
        char *page = prom_fixture_page(&beside->fixture, 1000);
        uint64_t sum = prom_fixture_sum(page);
        beside->goes_back = sum < beside->greatest;
        beside->greatest = sum;
        free(page);
    }
    return NULL;
}

void prom_beside_begin(struct prom_beside *beside, prom_beside_write *write)
{
    pthread_rwlockattr_t cuts_first;
    beside->write = write;
    pthread_rwlockattr_init(&cuts_first);
    pthread_rwlockattr_setkind_np(&cuts_first, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    pthread_rwlock_init(&beside->gate, &cuts_first);
    pthread_rwlockattr_destroy(&cuts_first);
    for (unsigned i = 0; i < 2; i++) {
        beside->workers[i] = (struct prom_beside_worker){beside, i};
        assert_int_equal(pthread_create(&beside->threads[i], NULL, write_main, &beside->workers[i]), 0);
    }
    assert_int_equal(pthread_create(&beside->threads[2], NULL, read_main, beside), 0);
}

uint64_t prom_beside_checkpoint(struct prom_beside *beside)
{
    struct prom_fixture *fixture = &beside->fixture;
    struct fx_checkpoint taken = {.number = ++fixture->number, .tag = "t"};
    struct fx_error err = FX_ERROR_INIT;
    prom_before_cut(fixture->output);
    pthread_rwlock_wrlock(&beside->gate);
    assert_int_equal(prom_cut(fixture->output, fixture->number, &err), 0);
    uint64_t sum = beside->sums[0] + beside->sums[1];
    pthread_rwlock_unlock(&beside->gate);
    assert_int_equal(prom_prepare(fixture->output, &taken, &err), 0);
    prom_committed(fixture->output, fixture->number);
    return sum;
}

void prom_beside_end(struct prom_beside *beside)
{
    atomic_store(&beside->stops, true);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(beside->threads[i], NULL);
    assert_false(beside->goes_back);
    pthread_rwlock_destroy(&beside->gate);
    prom_fixture_fini(&beside->fixture);
}
