/* The table of numbers: one cell a number, what is asked about and what is not, the bound, many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/resolver-whois/table.h"

struct fixture {
    struct whois_names names;
    struct whois_table table;
};

static void set_up(struct fixture *f, size_t max_entries, bool can_ask)
{
    struct fx_error err = FX_ERROR_INIT;
    size_t bad_lines = 0;
    assert_int_equal(whois_names_init(&f->names, true), 0);
    assert_int_equal(whois_names_load(&f->names, TEST_DATA_DIR "/asn-names.txt", &bad_lines, &err), 0);
    assert_int_equal(whois_table_init(&f->table, &f->names, max_entries, can_ask), 0);
}

static void tear_down(struct fixture *f)
{
    whois_table_fini(&f->table);
    whois_names_fini(&f->names);
}

static void check_new(struct fixture *f, uint64_t number, enum fx_cell_state state, const char *expected)
{
    struct whois_made made;
    struct fx_cell *cell = whois_table_get(&f->table, number, &made);
    char text[FX_CELL_TEXT_MAX];
    size_t size = 0;
    assert_true(made.is_new);
    assert_false(made.is_overflow);
    assert_int_equal(made.state, state);
    assert_int_equal(fx_cell_read(cell, text, &size), state);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
    assert_ptr_equal(whois_table_get(&f->table, number, &made), cell);
    assert_false(made.is_new || made.must_wake || made.is_overflow);
}

static void known_from_files(void **unused)
{
    (void)unused;
    struct fixture f;
    set_up(&f, 100, true);
    check_new(&f, 397143, FX_CELL_KNOWN, "NEPTUNE-NETWORKS - Neptune Networks");
    check_new(&f, 0, FX_CELL_KNOWN, "-Reserved AS-");
    check_new(&f, 4200000102, FX_CELL_KNOWN, "NO-COUNTRY");
    assert_int_equal(whois_table_waiting(&f.table), 0);
    tear_down(&f);
}

static void reserved_numbers_are_not_asked_about(void **unused)
{
    (void)unused;
    static const uint64_t reserved[] = {64496, 64511,      64513,      65534,      65536,
                                        65551, 4200000000, 4294967295, 4294967296, UINT64_MAX};
    static const uint64_t asked[] = {23455, 23457, 64495, 65552, 4199999999};
    struct fixture f;
    set_up(&f, 100, true);
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        check_new(&f, reserved[i], FX_CELL_UNKNOWN, "");
    assert_int_equal(whois_table_waiting(&f.table), 0);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        check_new(&f, asked[i], FX_CELL_PENDING, "");
    assert_int_equal(whois_table_waiting(&f.table), sizeof(asked) / sizeof(asked[0]));
    assert_true(whois_number_is_reserved(0) && whois_number_is_reserved(23456) && whois_number_is_reserved(65535));
    tear_down(&f);
}

static void nobody_to_ask(void **unused)
{
    (void)unused;
    struct fixture f;
    set_up(&f, 100, false);
    check_new(&f, 65552, FX_CELL_UNKNOWN, "");
    check_new(&f, 15169, FX_CELL_KNOWN, "GOOGLE - Google Inc.");
    assert_int_equal(whois_table_waiting(&f.table), 0);
    tear_down(&f);
}

static void queue_in_order_and_wakes(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    struct whois_entry *taken[3];
    set_up(&f, 100, true);
    for (uint64_t number = 70001; number <= 70005; number++) {
        whois_table_get(&f.table, number, &made);
        assert_int_equal(made.must_wake, number == 70001);
    }
    assert_int_equal(whois_table_take(&f.table, taken, 3), 3);
    assert_int_equal(taken[0]->number, 70001);
    assert_int_equal(taken[2]->number, 70003);
    whois_table_ask(&f.table, taken[0]);
    assert_int_equal(whois_table_waiting(&f.table), 3);
    assert_int_equal(whois_table_take(&f.table, taken, 3), 3);
    assert_int_equal(taken[2]->number, 70001);
    assert_int_equal(whois_table_take(&f.table, taken, 3), 0);
    whois_table_get(&f.table, 70006, &made);
    assert_true(made.must_wake);
    assert_ptr_equal(whois_table_find(&f.table, 70001), taken[2]);
    assert_null(whois_table_find(&f.table, 70007));
    tear_down(&f);
}

static void bound(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    set_up(&f, 1000, true);
    for (uint64_t number = 100000; number < 101000; number++)
        check_new(&f, number, FX_CELL_PENDING, "");
    struct fx_cell *overflow = whois_table_get(&f.table, 101000, &made);
    assert_true(made.is_overflow && !made.is_new && !made.must_wake);
    assert_int_equal(fx_cell_state(overflow), FX_CELL_UNKNOWN);
    assert_ptr_equal(whois_table_get(&f.table, 15169, &made), overflow);
    whois_table_get(&f.table, 100999, &made);
    assert_false(made.is_overflow);
    assert_int_equal(whois_table_waiting(&f.table), 1000);
    tear_down(&f);
}

/* Whoever keeps a cell keeps it beyond the table's end. */
static void cells_outlive_the_table(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    set_up(&f, 100, true);
    struct fx_cell *cell = fx_cell_ref(whois_table_get(&f.table, 15169, &made));
    tear_down(&f);
    assert_false(fx_cell_is_shared(cell));
    assert_int_equal(fx_cell_state(cell), FX_CELL_KNOWN);
    fx_cell_unref(cell);
}

enum { THREADS = 4, NUMBERS = 20000 };

struct racer {
    pthread_t thread;
    struct whois_table *table;
    uint64_t first;
    size_t new_count;
    struct fx_cell *cells[NUMBERS];
};

/* The same numbers in another order. */
static void *race(void *arg)
{
    struct racer *racer = arg;
    for (uint64_t i = 0; i < NUMBERS; i++) {
        struct whois_made made;
        uint64_t n = (racer->first + i * 7919) % NUMBERS;
        racer->cells[n] = whois_table_get(racer->table, 100000 + n, &made);
        racer->new_count += made.is_new;
    }
    return NULL;
}

static void many_threads_one_cell(void **unused)
{
    (void)unused;
    static struct racer racers[THREADS];
    struct fixture f;
    size_t new_count = 0;
    set_up(&f, NUMBERS, true);
    for (int i = 0; i < THREADS; i++) {
        racers[i].table = &f.table;
        racers[i].first = (uint64_t)i * 5003;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(racers[i].thread, NULL);
        new_count += racers[i].new_count;
        assert_memory_equal(racers[i].cells, racers[0].cells, sizeof(racers[0].cells));
    }
    assert_int_equal(new_count, NUMBERS);
    assert_int_equal(whois_table_waiting(&f.table), NUMBERS);
    tear_down(&f);
}

static void map_grows_and_clears(void **unused)
{
    (void)unused;
    enum { COUNT = 100000 };
    static char values[COUNT + 1];
    struct whois_map map;
    assert_int_equal(whois_map_init(&map), 0);
    for (uint64_t i = 0; i < COUNT; i++)
        assert_int_equal(whois_map_put(&map, i * UINT64_C(0x100000001), &values[i]), 0);
    assert_int_equal(whois_map_put(&map, 0, &values[COUNT]), 0);
    assert_int_equal(map.count, COUNT);
    assert_ptr_equal(whois_map_find(&map, 0), &values[COUNT]);
    for (uint64_t i = 1; i < COUNT; i++)
        assert_ptr_equal(whois_map_find(&map, i * UINT64_C(0x100000001)), &values[i]);
    assert_null(whois_map_find(&map, 1));
    whois_map_clear(&map);
    assert_int_equal(map.count, 0);
    assert_null(whois_map_find(&map, 0));
    whois_map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_from_files),
        cmocka_unit_test(reserved_numbers_are_not_asked_about),
        cmocka_unit_test(nobody_to_ask),
        cmocka_unit_test(queue_in_order_and_wakes),
        cmocka_unit_test(bound),
        cmocka_unit_test(cells_outlive_the_table),
        cmocka_unit_test(many_threads_one_cell),
        cmocka_unit_test(map_grows_and_clears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
