/* The table of numbers: one cell for each number, what is asked and what is not, the bound, and many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/resolver-whois/table/table.h"

struct fixture {
    struct whois_names names;
    struct whois_table table;
    struct fx_cell *held[1100];
    size_t held_count;
};

static void set_up_with(struct fixture *f, struct whois_table_options options)
{
    static const char *const paths[] = {TEST_DATA_DIR "/asn-names.txt"};
    struct fx_list list = {1, paths};
    struct fx_error err = FX_ERROR_INIT;
    *f = (struct fixture){.held_count = 0};
    assert_int_equal(whois_names_init(&f->names, &list), 0);
    whois_names_replace(&f->names, 0, whois_names_file_read(paths[0], &err));
    options.names = &f->names;
    assert_int_equal(whois_table_init(&f->table, &options), 0);
}

static void set_up(struct fixture *f, size_t max_entries, bool can_ask)
{
    set_up_with(f, (struct whois_table_options){.max_entries = max_entries, .can_ask = can_ask});
}

static void tear_down(struct fixture *f)
{
    while (f->held_count)
        fx_cell_unref(f->held[--f->held_count]);
    whois_table_fini(&f->table);
    whois_names_fini(&f->names);
}

/* The cell of a number. It is held until the end. */
static struct fx_cell *get(struct fixture *f, uint64_t number, struct whois_made *made)
{
    whois_table_get(&f->table, number, made);
    f->held[f->held_count++] = made->cell;
    if (made->country)
        f->held[f->held_count++] = made->country;
    return made->cell;
}

/* The same, but the cell is released at once. */
static bool meet(struct fixture *f, uint64_t number)
{
    struct whois_made made;
    whois_table_get(&f->table, number, &made);
    fx_cell_unref(made.cell);
    fx_cell_unref(made.country);
    return !made.is_overflow;
}

static void check_text(const struct fx_cell *cell, enum fx_cell_state state, const char *expected)
{
    char text[FX_CELL_TEXT_MAX];
    size_t size = 0;
    assert_int_equal(fx_cell_read(cell, text, &size), state);
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(text, expected, size);
}

static void check_new(struct fixture *f, uint64_t number, enum fx_cell_state state, const char *expected)
{
    struct whois_made made;
    struct fx_cell *cell = get(f, number, &made);
    assert_true(made.is_new);
    assert_false(made.is_overflow);
    check_text(cell, state, expected);
    assert_ptr_equal(get(f, number, &made), cell);
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

static void reserved_numbers_may_have_a_name(void **unused)
{
    (void)unused;
    struct fixture f;
    set_up_with(&f, (struct whois_table_options){.max_entries = 9, .can_ask = true, .reserved_name = "private, US"});
    check_new(&f, 64513, FX_CELL_KNOWN, "private, US");
    check_new(&f, 0, FX_CELL_KNOWN, "-Reserved AS-");
    assert_int_equal(whois_table_waiting(&f.table), 0);
    tear_down(&f);
}

static void countries_have_cells_of_their_own(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    set_up_with(&f, (struct whois_table_options){.max_entries = 9, .can_ask = true, .has_country = true});
    check_text(get(&f, 397143, &made), FX_CELL_KNOWN, "NEPTUNE-NETWORKS - Neptune Networks");
    check_text(made.country, FX_CELL_KNOWN, "US");
    get(&f, 4200000102, &made);
    check_text(made.country, FX_CELL_UNKNOWN, "");
    get(&f, 70001, &made);
    check_text(made.country, FX_CELL_PENDING, "");
    size_t size;
    assert_memory_equal(fx_cell_key(made.cell, &size), "70001", 5);
    assert_memory_equal(fx_cell_key(made.country, &size), "70001", 5);
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
    struct whois_queue queue;
    set_up(&f, 100, true);
    for (uint64_t number = 70001; number <= 70005; number++) {
        get(&f, number, &made);
        assert_int_equal(made.must_wake, number == 70001);
    }
    whois_queue_init(&queue);
    whois_table_take(&f.table, &queue);
    assert_int_equal(whois_table_waiting(&f.table), 0);
    assert_int_equal(queue.count, 5);
    for (uint64_t number = 70001; number <= 70005; number++)
        assert_int_equal(whois_queue_pop(&queue)->number, number);
    assert_null(whois_queue_pop(&queue));
    get(&f, 70006, &made);
    assert_true(made.must_wake);
    tear_down(&f);
}

static void what_is_held_stays_within_the_bound(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    set_up(&f, 500, true);
    for (uint64_t number = 100000; number < 100500; number++)
        check_new(&f, number, FX_CELL_PENDING, "");
    unsigned generation = f.table.generation;
    struct fx_cell *overflow = get(&f, 101000, &made);
    assert_true(made.is_overflow && !made.is_new && !made.must_wake);
    assert_int_not_equal(f.table.generation, generation); /* workers are asked to release cells */
    check_text(overflow, FX_CELL_UNKNOWN, "");
    assert_ptr_equal(get(&f, 15169, &made), overflow);
    get(&f, 100499, &made);
    assert_false(made.is_overflow);
    assert_int_equal(f.table.count, 500);
    tear_down(&f);
}

/* Settles all numbers that wait. */
static void settle(struct fixture *f)
{
    struct whois_queue queue;
    whois_queue_init(&queue);
    whois_table_take(&f->table, &queue);
    for (struct whois_entry *entry; (entry = whois_queue_pop(&queue));) {
        assert_int_equal(whois_table_show(&f->table, entry, FX_CELL_KNOWN, "A NAME, US", 10), 0);
        whois_table_release(&f->table, entry);
    }
}

static bool is_there(struct fixture *f, uint64_t number)
{
    return whois_map_find(&f->table.by_number, number) != NULL;
}

static void least_used_goes_but_not_what_is_asked_or_held(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    set_up(&f, 4, true);
    meet(&f, 70001);
    meet(&f, 70002);
    meet(&f, 70003);
    meet(&f, 70004);
    assert_false(meet(&f, 70005)); /* all of them are being asked */
    settle(&f);
    get(&f, 70002, &made); /* held */
    meet(&f, 70001);       /* used last */
    assert_true(meet(&f, 70005));
    assert_false(is_there(&f, 70003));
    assert_true(meet(&f, 70006));
    assert_false(is_there(&f, 70004));
    settle(&f);
    for (uint64_t number = 80000; number < 80100; number++) {
        assert_true(meet(&f, number));
        settle(&f);
        assert_int_equal(f.table.count, 4);
    }
    assert_true(is_there(&f, 70002));
    check_text(made.cell, FX_CELL_KNOWN, "A NAME");
    tear_down(&f);
}

/* Names from an earlier run are used, unless a names file or the kind of number decides. */
static void restored_names(void **unused)
{
    (void)unused;
    struct fixture f;
    set_up(&f, 4, true);
    assert_int_equal(whois_table_restore(&f.table, 70001, "OLD - Name, DE", 14, 9, 9), 0);
    assert_int_equal(whois_table_restore(&f.table, 70002, "", 0, 9, 9), 0);
    assert_int_equal(whois_table_restore(&f.table, 15169, "OLD", 3, 9, 9), 0);
    assert_int_equal(whois_table_restore(&f.table, 64513, "OLD", 3, 9, 9), 0);
    assert_int_equal(whois_table_restore(&f.table, 70003, "BEYOND", 6, 9, 9), 0);
    struct whois_made made;
    check_text(get(&f, 70001, &made), FX_CELL_KNOWN, "OLD - Name");
    check_text(get(&f, 70002, &made), FX_CELL_UNKNOWN, "");
    check_text(get(&f, 15169, &made), FX_CELL_KNOWN, "GOOGLE - Google Inc.");
    check_text(get(&f, 64513, &made), FX_CELL_UNKNOWN, "");
    assert_false(is_there(&f, 70003));
    assert_int_equal(whois_table_waiting(&f.table), 0);
    tear_down(&f);
}

static enum whois_fate drop_odd_ask_large(void *arg, struct whois_table *table, struct whois_entry *entry)
{
    (void)table;
    ++*(size_t *)arg;
    return entry->number % 2 ? WHOIS_DROP : entry->number >= 70010 ? WHOIS_ASK : WHOIS_KEEP;
}

static void walk_judges_all(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    struct whois_queue queue;
    set_up(&f, 100, true);
    for (uint64_t number = 70000; number < 70020; number++)
        meet(&f, number);
    settle(&f);
    get(&f, 70001, &made);
    size_t cursor = 0, judged = 0;
    whois_queue_init(&queue);
    while (whois_table_walk(&f.table, &cursor, 7, &queue, drop_odd_ask_large, &judged))
        ;
    assert_int_equal(judged, 20);
    assert_int_equal(cursor, 0);
    assert_int_equal(f.table.count, 11); /* the even ones, and one that is held */
    assert_int_equal(queue.count, 5);
    assert_false(whois_table_walk(&f.table, &cursor, 100, &queue, drop_odd_ask_large, &judged));
    assert_int_equal(judged, 26); /* numbers that are being asked are left alone */
    tear_down(&f);
}

/* A cell outlives the table while somebody holds it. */
static void cells_outlive_the_table(void **unused)
{
    (void)unused;
    struct fixture f;
    struct whois_made made;
    set_up(&f, 100, true);
    whois_table_get(&f.table, 15169, &made);
    tear_down(&f);
    assert_false(fx_cell_is_shared(made.cell));
    assert_int_equal(fx_cell_state(made.cell), FX_CELL_KNOWN);
    fx_cell_unref(made.cell);
}

enum { THREADS = 4, NUMBERS = 20000 };

struct racer {
    pthread_t thread;
    struct whois_table *table;
    uint64_t first;
    size_t new_count;
    struct fx_cell *cells[NUMBERS];
};

/* Asks for the same numbers in another order. */
static void *race(void *arg)
{
    struct racer *racer = arg;
    for (uint64_t i = 0; i < NUMBERS; i++) {
        struct whois_made made;
        uint64_t n = (racer->first + i * 7919) % NUMBERS;
        whois_table_get(racer->table, 100000 + n, &made);
        racer->cells[n] = made.cell;
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
    for (int i = 0; i < THREADS; i++)
        for (size_t n = 0; n < NUMBERS; n++)
            fx_cell_unref(racers[i].cells[n]);
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

/* Compares the map with an array that records its content. */
static void map_removes(void **unused)
{
    (void)unused;
    enum { KEYS = 300, STEPS = 200000 };
    static char values[KEYS];
    static bool in[KEYS];
    struct whois_map map;
    size_t count = 0;
    unsigned seed = 1;
    assert_int_equal(whois_map_init(&map), 0);
    for (int step = 0; step < STEPS; step++) {
        unsigned key = (unsigned)rand_r(&seed) % KEYS;
        if (rand_r(&seed) % 2) {
            assert_int_equal(whois_map_put(&map, key, &values[key]), 0);
            count += !in[key];
            in[key] = true;
        } else {
            whois_map_remove(&map, key);
            count -= in[key];
            in[key] = false;
        }
        assert_int_equal(map.count, count);
        unsigned other = (unsigned)rand_r(&seed) % KEYS;
        assert_ptr_equal(whois_map_find(&map, other), in[other] ? &values[other] : NULL);
    }
    for (unsigned key = 0; key < KEYS; key++)
        assert_ptr_equal(whois_map_find(&map, key), in[key] ? &values[key] : NULL);
    whois_map_fini(&map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_from_files),
        cmocka_unit_test(reserved_numbers_are_not_asked_about),
        cmocka_unit_test(reserved_numbers_may_have_a_name),
        cmocka_unit_test(countries_have_cells_of_their_own),
        cmocka_unit_test(nobody_to_ask),
        cmocka_unit_test(queue_in_order_and_wakes),
        cmocka_unit_test(what_is_held_stays_within_the_bound),
        cmocka_unit_test(least_used_goes_but_not_what_is_asked_or_held),
        cmocka_unit_test(restored_names),
        cmocka_unit_test(walk_judges_all),
        cmocka_unit_test(map_removes),
        cmocka_unit_test(cells_outlive_the_table),
        cmocka_unit_test(many_threads_one_cell),
        cmocka_unit_test(map_grows_and_clears),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
