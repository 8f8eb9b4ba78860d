/*
 * The tables of output-prometheus: texts to numbers, keys to series, a worker's values. Two threads also look up at
 * once, without a lock.
 */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <flow-exporter/plugin.h>

#include "plugins/output-prometheus/base/hash.h"
#include "plugins/output-prometheus/series/intern.h"
#include "plugins/output-prometheus/series/registry.h"
#include "plugins/output-prometheus/series/tally.h"

enum { TEXTS = 5000, SERIES = 20000, THREADS = 2 };

static size_t make_text(char *to, unsigned i)
{
    size_t size = (size_t)snprintf(to, 32, "%u", i * 7);
    to[i % 3 ? 0 : size - 1] = '\0'; /* a NUL is a byte like others */
    return size;
}

static void texts_have_one_number(void **state)
{
    (void)state;
    struct prom_intern intern;
    char text[32];
    assert_int_equal(prom_intern_init(&intern), 0);
    assert_int_equal(prom_intern_get(&intern, "", 0, false), PROM_TEXT_EMPTY);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 1; i < TEXTS; i++) {
            size_t size = make_text(text, i);
            uint32_t number = prom_intern_get(&intern, text, size, round == 0);
            assert_true(number < TEXTS);
            const struct prom_text *known = prom_intern_text(&intern, number);
            assert_int_equal(known->size, size);
            assert_memory_equal(known->data, text, size);
        }
    }
    uint32_t count = intern.count;
    assert_int_equal(prom_intern_get(&intern, "new", 3, false), PROM_TEXT_NONE);
    assert_int_equal(intern.count, count);
    assert_int_equal(prom_intern_get(&intern, "new", 3, true), count);
    prom_intern_fini(&intern);
}

static void series_have_one_number(void **state)
{
    (void)state;
    struct prom_registry registry;
    struct prom_tally tally;
    assert_int_equal(prom_registry_init(&registry, 2, 0, SERIES, NULL), 0);
    assert_int_equal(prom_tally_init(&tally, (struct prom_shape){.slots = 1}), 0);
    for (uint64_t i = 0; i < SERIES; i++) {
        uint64_t key[2] = {i % 100, i / 100};
        uint32_t hash = prom_hash_words(key, 2);
        assert_int_equal(prom_registry_find(&registry, key, hash), PROM_SERIES_NONE);
        assert_int_equal(prom_registry_get(&registry, key, hash), i + 1);
        assert_int_equal(prom_registry_get(&registry, key, hash), i + 1);
        assert_true(prom_tally_grow(&tally, i + 2));
        tally.values[i + 1] = i;
    }
    assert_true(prom_registry_is_full(&registry));
    uint64_t one_more[2] = {100, 0};
    assert_int_equal(prom_registry_get(&registry, one_more, prom_hash_words(one_more, 2)), PROM_OTHER_SERIES);
    for (uint64_t i = 0; i < SERIES; i++) {
        uint64_t key[2] = {i % 100, i / 100};
        uint32_t number = prom_registry_find(&registry, key, prom_hash_words(key, 2));
        assert_int_equal(number, i + 1);
        assert_int_equal(tally.values[number], i);
    }
    prom_table_retire(&registry.table); /* the memory that the table outgrew */
    prom_table_sweep(&registry.table);
    uint64_t last[2] = {(SERIES - 1) % 100, (SERIES - 1) / 100};
    assert_int_equal(prom_registry_get(&registry, last, prom_hash_words(last, 2)), SERIES);
    prom_tally_fini(&tally);
    prom_registry_fini(&registry);
}

/* Keys with the same hash are told apart. */
static void equal_hashes_are_no_harm(void **state)
{
    (void)state;
    struct prom_registry registry;
    assert_int_equal(prom_registry_init(&registry, 1, 0, 100, NULL), 0);
    for (uint64_t key = 0; key < 100; key++) {
        assert_int_equal(prom_registry_get(&registry, &key, 42), key + 1);
        assert_int_equal(prom_registry_find(&registry, &key, 42), key + 1);
    }
    prom_registry_fini(&registry);
}

static void a_series_holds_its_cells(void **state)
{
    (void)state;
    struct prom_registry registry;
    struct fx_cell *cell = fx_cell_new();
    assert_int_equal(prom_registry_init(&registry, 3, 6, 10, NULL), 0); /* a number, a text, a cell */
    uint64_t key[3] = {(uint64_t)(uintptr_t)cell, PROM_KEY_TEXT | 5, (uint64_t)(uintptr_t)cell};
    assert_int_equal(prom_registry_get(&registry, key, 1), 1);
    assert_true(fx_cell_is_shared(cell));
    assert_null(prom_key_cell(&registry, key, 0));
    assert_null(prom_key_cell(&registry, key, 1));
    assert_ptr_equal(prom_key_cell(&registry, key, 2), cell);
    prom_registry_fini(&registry);
    assert_false(fx_cell_is_shared(cell));
    fx_cell_unref(cell);
}

/* Some restored series wait for cells that may never come. Workers still need no lock for records beyond the limit. */
static void what_waits_costs_no_lock(void **state)
{
    (void)state;
    struct prom_registry registry;
    struct prom_intern intern;
    assert_int_equal(prom_intern_init(&intern), 0);
    assert_int_equal(prom_registry_init(&registry, 2, 2, 1, &intern), 0); /* a number, a text */
    uint32_t text = prom_intern_get(&intern, "64500", 5, true);
    uint64_t waiting[2] = {1, PROM_KEY_TEXT | PROM_KEY_WAITING | text};
    assert_int_equal(prom_registry_restore(&registry, waiting), 1);
    assert_true(prom_registry_is_full(&registry));
    struct fx_cell *own = fx_cell_new_keyed("64500", 5), *other = fx_cell_new_keyed("64501", 5);
    const uint64_t strangers[][2] = {
        {2, (uint64_t)(uintptr_t)own}, {1, (uint64_t)(uintptr_t)other}, {1, PROM_KEY_TEXT | text}};
    pthread_mutex_lock(&registry.lock); /* a worker that takes the lock waits for ever */
    alarm(20);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(prom_registry_get(&registry, strangers[i], prom_hash_words(strangers[i], 2)),
                         PROM_OTHER_SERIES);
    alarm(0);
    pthread_mutex_unlock(&registry.lock);
    uint64_t awake[2] = {1, (uint64_t)(uintptr_t)own};
    assert_int_equal(prom_registry_get(&registry, awake, prom_hash_words(awake, 2)), 1);
    assert_int_equal(registry.waiting, 0);
    prom_registry_fini(&registry);
    prom_intern_fini(&intern);
    fx_cell_unref(own);
    fx_cell_unref(other);
}

struct shared {
    struct prom_intern intern;
    struct prom_registry registry;
    _Atomic uint32_t places; /* one for each key; a thread that takes one for an existing series steals it */
};

struct thread {
    struct shared *shared;
    pthread_t thread;
    unsigned seed;
    bool is_right;
};

static bool use_tables(struct thread *thread, struct prom_tally *tally, unsigned i)
{
    struct shared *shared = thread->shared;
    char text[32];
    size_t size = make_text(text, i % TEXTS + 1);
    uint32_t number = prom_intern_get(&shared->intern, text, size, true);
    uint64_t key[2] = {PROM_KEY_TEXT | number, i};
    uint32_t series = prom_registry_get_in_place(&shared->registry, key, prom_hash_words(key, 2), &shared->places);
    if (series == PROM_OTHER_SERIES || !prom_tally_grow(tally, (size_t)series + 1))
        return false;
    tally->values[series]++;
    const struct prom_text *known = prom_intern_text(&shared->intern, number);
    return known->size == size && memcmp(known->data, text, size) == 0 &&
           memcmp(prom_series_at(&shared->registry, series)->key, key, sizeof key) == 0;
}

static void *thread_main(void *arg)
{
    struct thread *thread = arg;
    struct prom_tally tally;
    thread->is_right = prom_tally_init(&tally, (struct prom_shape){.slots = 1}) == 0;
    for (unsigned i = 0; i < SERIES * 5 && thread->is_right; i++)
        thread->is_right = use_tables(thread, &tally, (unsigned)rand_r(&thread->seed) % SERIES);
    prom_tally_fini(&tally);
    return NULL;
}

static void workers_share_the_tables(void **state)
{
    (void)state;
    struct shared shared = {.places = SERIES};
    struct thread threads[THREADS];
    assert_int_equal(prom_intern_init(&shared.intern), 0);
    assert_int_equal(prom_registry_init(&shared.registry, 2, 1, SERIES, &shared.intern), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.shared = &shared, .seed = i};
        assert_int_equal(pthread_create(&threads[i].thread, NULL, thread_main, &threads[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i].thread, NULL);
        assert_true(threads[i].is_right);
    }
    assert_int_equal(shared.places, SERIES - (prom_registry_count(&shared.registry) - 1));
    uint64_t newcomer[2] = {PROM_KEY_TEXT, SERIES};
    shared.places = 0;
    assert_int_equal(prom_registry_get_in_place(&shared.registry, newcomer, 1, &shared.places), PROM_OTHER_SERIES);
    prom_registry_fini(&shared.registry);
    prom_intern_fini(&shared.intern);
}

/* ---- Several workers give restored series their cells, all at once */

struct waking {
    struct prom_registry registry;
    struct fx_cell *cells[SERIES / 10];
};

static void *wake_main(void *arg)
{
    struct waking *waking = arg;
    for (uint64_t i = 0; i < SERIES / 10; i++) {
        uint64_t key[3] = {i, (uint64_t)(uintptr_t)waking->cells[i], (uint64_t)(uintptr_t)waking->cells[0]};
        uint32_t hash = prom_hash_words(key, 3);
        prom_table_fetch(&waking->registry.table, hash);
        if (prom_registry_get(&waking->registry, key, hash) != i + 1)
            return arg;
    }
    return NULL;
}

static void workers_wake_series(void **state)
{
    (void)state;
    struct waking waking;
    struct prom_intern intern;
    pthread_t threads[THREADS];
    char text[16];
    assert_int_equal(prom_intern_init(&intern), 0);
    assert_int_equal(prom_registry_init(&waking.registry, 3, 6, SERIES / 10, &intern), 0);
    for (uint64_t i = 0; i < SERIES / 10; i++) {
        size_t size = (size_t)snprintf(text, sizeof text, "%u", (unsigned)i);
        waking.cells[i] = fx_cell_new_keyed(text, size);
        uint64_t word = PROM_KEY_TEXT | PROM_KEY_WAITING | prom_intern_get(&intern, text, size, true);
        uint64_t first = PROM_KEY_TEXT | PROM_KEY_WAITING | prom_intern_get(&intern, "0", 1, true);
        uint64_t key[3] = {i, word, first};
        assert_int_equal(prom_registry_restore(&waking.registry, key), i + 1);
    }
    assert_true(prom_registry_is_full(&waking.registry)); /* an unknown key goes to 'other' */
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, wake_main, &waking), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    assert_int_equal(waking.registry.waiting, 0);
    prom_registry_fini(&waking.registry);
    prom_intern_fini(&intern);
    for (unsigned i = 0; i < SERIES / 10; i++) {
        assert_false(fx_cell_is_shared(waking.cells[i]));
        fx_cell_unref(waking.cells[i]);
    }
}

/* A worker prefetches from a table that another worker is just making bigger. */
static void *fetch_main(void *arg)
{
    struct prom_table *table = arg;
    for (uint32_t i = 0; i < SERIES; i++)
        prom_table_fetch(table, i * 40503);
    return NULL;
}

static void a_worker_fetches_from_a_growing_table(void **state)
{
    (void)state;
    struct prom_table table;
    pthread_t thread;
    assert_int_equal(prom_table_init(&table), 0);
    assert_int_equal(pthread_create(&thread, NULL, fetch_main, &table), 0);
    for (uint32_t i = 0; i < SERIES; i++)
        assert_int_equal(prom_table_add(&table, i * 40503, i), 0);
    pthread_join(thread, NULL);
    struct prom_probe probe = prom_probe_start(&table, 40503);
    assert_int_equal(prom_probe_next(&probe), 1);
    prom_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_have_one_number),    cmocka_unit_test(series_have_one_number),
        cmocka_unit_test(equal_hashes_are_no_harm), cmocka_unit_test(a_series_holds_its_cells),
        cmocka_unit_test(what_waits_costs_no_lock), cmocka_unit_test(workers_share_the_tables),
        cmocka_unit_test(workers_wake_series),      cmocka_unit_test(a_worker_fetches_from_a_growing_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
