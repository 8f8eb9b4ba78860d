/*
 * The heaviest series of a metric, compared with an exact count. There are never more than N lines. Sums stay exact
 * over displaced series, rollbacks, void cuts, kills and restarts, with two workers.
 */
#include "prom_beside.h"
#include "prom_program.h"

#include <inttypes.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ENDED    ",ended=\""
#define KEYS_MAX 4096

/* The labels claim the fields in the fixture's order. The conditions let all records pass. */
static const struct fx_pair labels[] = {
    {"dst", "as_dst"}, {"dst_name", "as_dst_name"}, {"host", "label"}, {"src", "as_src"}, {"src_name", "as_src_name"}};
static const struct fx_pair to_any = {"as_dst", "0-4294967295"}, from_none = {"as_src", "4294967295"};

struct heavy {
    struct prom_program program;
    struct prom_metric_options row;
    uint64_t sum;       /* of all records, committed or not */
    uint64_t committed; /* of the records up to the last accepted cut */
    uint64_t ended;     /* as last seen on a page */
    char ended_at[64];
};

static void set_row(struct heavy *heavy, int64_t top)
{
    heavy->row = (struct prom_metric_options){.name = "flow_bytes_total",
                                              .help = "Bytes.",
                                              .value = "bytes",
                                              .match = {1, &to_any},
                                              .unless = {1, &from_none},
                                              .labels = {sizeof labels / sizeof *labels, labels},
                                              .factor = 1,
                                              .top = top,
                                              .top_half_life = 600000};
    prom_fixture_metrics = (struct fx_tables){1, &heavy->row};
}

static void begin(struct heavy *heavy, int64_t top)
{
    *heavy = (struct heavy){0};
    prom_fixture_metrics = (struct fx_tables){0};
    prom_program_begin(&heavy->program);
    set_row(heavy, top);
    prom_program_restart(&heavy->program, true);
}

/* Sends a record of a key. The label and both numbers identify the key. */
static void send(struct heavy *heavy, unsigned worker, unsigned key, uint64_t bytes)
{
    char label[32];
    snprintf(label, sizeof label, "host-%u", key % 16);
    struct fx_cell *cell = heavy->program.cells[key % CELLS];
    prom_fixture_write(&heavy->program.fixture, worker, key / 16, key % CELLS, label, bytes, NULL, cell);
    heavy->sum += bytes;
}

static char *line_of(unsigned key, char *line, size_t size)
{
    unsigned number = key % CELLS;
    char name[32];
    snprintf(name, sizeof name, number % 4 == 3 ? "SAME" : "NAME-%u", number);
    snprintf(line, size, "flow_bytes_total{dst=\"%u\",dst_name=\"%s\",host=\"host-%u\",src=\"%u\",src_name=\"\"}",
             number, name, key % 16, key / 16);
    return line;
}

static uint64_t shown(const char *page, unsigned key)
{
    char line[256];
    return prom_fixture_value(page, line_of(key, line, sizeof line));
}

static unsigned lines_on(const char *page)
{
    unsigned lines = 0;
    for (const char *at = page; (at = strstr(at, "flow_bytes_total{dst=")); at++)
        lines += strncmp(at, "flow_bytes_total{dst=\"other\"", 28) != 0;
    return lines;
}

/* Checks what must hold on each page. The caller frees the page. */
static char *check(struct heavy *heavy, uint64_t sum)
{
    char *page = prom_fixture_page(&heavy->program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), sum);
    assert_in_range(lines_on(page), 0, heavy->row.top);
    const char *at = strstr(page, ENDED);
    uint64_t ended = at ? strtoull(strchr(at, ' ') + 1, NULL, 10) : 0;
    assert_true(ended >= heavy->ended);
    if (ended != heavy->ended && at) { /* the new sum has a line of its own: no line grows */
        assert_true(strncmp(at, heavy->ended_at, 29) != 0);
        snprintf(heavy->ended_at, sizeof heavy->ended_at, "%.29s", at);
    }
    heavy->ended = ended;
    return page;
}

static void checkpoint(struct heavy *heavy)
{
    assert_true(prom_program_checkpoint(&heavy->program));
    heavy->committed = heavy->sum;
    free(check(heavy, heavy->sum));
}

static int64_t metric(struct heavy *heavy, const char *name)
{
    char *page = prom_fixture_view(&heavy->program.fixture, 4096, PROM_TEXT, NULL), line[128];
    snprintf(line, sizeof line, "\nflow_exporter_%s{", name);
    const char *at = strstr(page, line);
    assert_non_null(at);
    int64_t value = strtoll(strchr(at, '}') + 2, NULL, 10);
    free(page);
    return value;
}

/* ---- */

static void with_at_most_n_series_all_are_shown_whole(void **state)
{
    (void)state;
    struct heavy heavy;
    begin(&heavy, 20);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned key = 0; key < 20; key++)
            send(&heavy, key % 2, key, key + 1);
        checkpoint(&heavy);
    }
    char *page = check(&heavy, heavy.sum);
    for (unsigned key = 0; key < 20; key++)
        assert_int_equal(shown(page, key), 3 * (key + 1));
    free(page);
    assert_int_equal(heavy.ended, 0);
    assert_int_equal(metric(&heavy, "top_series"), 20);
    assert_int_equal(metric(&heavy, "top_places"), 20);
    assert_int_equal(metric(&heavy, "top_admitted_total"), 20);
    assert_int_equal(metric(&heavy, "top_other_weight"), 0);
    prom_program_end(&heavy.program);
}

/* Light series have taken all places. A heavy one comes, and is shown with the third checkpoint. */
static void a_heavy_newcomer_gets_in_and_one_that_faded_leaves(void **state)
{
    (void)state;
    struct heavy heavy;
    begin(&heavy, 4);
    for (unsigned key = 0; key < 4; key++)
        send(&heavy, key % 2, key, 1000 + 100 * key);
    checkpoint(&heavy);
    checkpoint(&heavy);
    send(&heavy, 1, 77, 1100); /* less than a quarter heavier than the lightest one */
    checkpoint(&heavy);
    checkpoint(&heavy);
    send(&heavy, 0, 77, 0);
    checkpoint(&heavy);
    checkpoint(&heavy);
    assert_int_equal(metric(&heavy, "top_displaced_total"), 0);
    send(&heavy, 0, 77, 500); /* the first checkpoint */
    checkpoint(&heavy);
    checkpoint(&heavy); /* the second; without a record nothing is displaced */
    checkpoint(&heavy);
    assert_int_equal(heavy.ended, 0);
    send(&heavy, 1, 77, 30);
    checkpoint(&heavy); /* the third */
    char *page = check(&heavy, heavy.sum);
    assert_int_equal(shown(page, 77), 30); /* its earlier bytes stay in 'other' */
    assert_int_equal(prom_fixture_value(page, "flow_bytes_total{dst=\"other\",dst_name=\"other\",host=\"other\","
                                              "src=\"other\",src_name=\"other\"}"),
                     1600);
    assert_int_equal(shown(page, 0), 0);
    for (unsigned key = 1; key < 4; key++)
        assert_int_equal(shown(page, key), 1000 + 100 * key);
    free(page);
    assert_int_equal(heavy.ended, 1000);
    assert_int_equal(metric(&heavy, "top_displaced_total"), 1);
    assert_int_equal(metric(&heavy, "top_admitted_total"), 5);
    assert_int_equal(fxi_metric_set_get(heavy.program.fixture.instance.metrics, PROM_SERIES_EXPIRED, 0), 0);
    prom_program_end(&heavy.program);
}

/* Until a cut is accepted, each one has the growth since the exposed page. It must weigh only once. */
static void void_cuts_weigh_nothing_twice(void **state)
{
    (void)state;
    struct heavy heavy;
    begin(&heavy, 2);
    send(&heavy, 0, 0, 1000);
    checkpoint(&heavy);
    for (unsigned i = 0; i < 50; i++) {
        send(&heavy, i % 2, 0, 10);
        send(&heavy, i % 2, 1, 5);
        send(&heavy, i % 2, 77, 1); /* in 'other' */
        assert_true(prom_program_prepare(&heavy.program, NULL));
    }
    checkpoint(&heavy);
    assert_in_range(metric(&heavy, "top_weight"), 1400, 1750); /* time may have halved a part */
    assert_in_range(metric(&heavy, "top_other_weight"), 0, 50);
    prom_program_restart(&heavy.program, true);
    send(&heavy, 0, 0, 100);
    checkpoint(&heavy);
    assert_in_range(metric(&heavy, "top_weight"), 1450, 1850);
    prom_program_end(&heavy.program);
}

static uint64_t dice(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Zipf's law: key r comes about as often as 1 / (r + 1). */
static unsigned draw_key(uint64_t *state)
{
    static double sums[KEYS_MAX];
    for (unsigned i = 0; sums[KEYS_MAX - 1] == 0; i++)
        sums[i] = (i ? sums[i - 1] : 0) + 1.0 / (i + 1);
    double wanted = (double)(dice(state) % 1000000) / 1000000 * sums[KEYS_MAX - 1];
    unsigned low = 0, high = KEYS_MAX - 1;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (sums[middle] < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Light series come first and take all places. In the middle other keys become the heavy ones. */
static void of_a_skewed_stream_the_heaviest_are_shown(void **state)
{
    (void)state;
    enum { TOP = 32, ROUNDS = 12 };
    struct heavy heavy;
    uint64_t random = 3;
    begin(&heavy, TOP);
    for (unsigned key = 0; key < TOP; key++)
        send(&heavy, key % 2, KEYS_MAX - 1 - key, 1);
    for (unsigned half = 0; half < 2; half++) {
        if (half) /* light and heavy keys change places; older weights count a 256th */
            heavy.program.fixture.output->store.families[0].top.weighed_ms -= 8 * heavy.row.top_half_life;
        for (unsigned round = 0; round < ROUNDS; round++) {
            for (unsigned i = 0; i < 20000; i++)
                send(&heavy, i % 2, half ? KEYS_MAX - 1 - draw_key(&random) : draw_key(&random), 1000);
            checkpoint(&heavy);
        }
        char *page = check(&heavy, heavy.sum);
        for (unsigned rank = 0; rank < TOP / 2; rank++)
            assert_true(shown(page, half ? KEYS_MAX - 1 - rank : rank) > 0);
        if (half)
            assert_int_equal(shown(page, 0), 0); /* the heaviest key of the first half has faded */
        free(page);
    }
    assert_true(metric(&heavy, "top_other_weight") > 0);
    prom_program_end(&heavy.program);
}

/*
 * A series that brings more than 1.25 / N of everything, plus what a summary may miss, has a line after three
 * checkpoints.
 */
static void the_guarantee_holds_against_an_exact_count(void **state)
{
    (void)state;
    enum { TOP = 8, KEYS = 512 };
    unsigned heavy_ones_ever = 0;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct heavy heavy;
        uint64_t random = seed;
        static uint64_t exact[KEYS];
        memset(exact, 0, sizeof exact);
        begin(&heavy, TOP);
        for (unsigned i = 0; i < KEYS; i++) { /* the weights come first; later each key brings one byte a round */
            unsigned key = (unsigned)(dice(&random) % KEYS);
            uint64_t bytes = dice(&random) % 8 ? dice(&random) % 50 : dice(&random) % 4000;
            send(&heavy, i % 2, key, bytes);
            exact[key] += bytes;
        }
        for (unsigned i = 0; i < 3; i++) {
            unsigned key = (unsigned)(dice(&random) % KEYS);
            uint64_t bytes = heavy.sum / (2 + i);
            send(&heavy, i % 2, key, bytes);
            exact[key] += bytes;
        }
        for (unsigned round = 0; round < 5; round++) {
            checkpoint(&heavy);
            for (unsigned key = 0; key < KEYS; key++, exact[key - 1]++)
                send(&heavy, key % 2, key, 1);
        }
        checkpoint(&heavy);
        char *page = check(&heavy, heavy.sum);
        double least = (double)heavy.sum * (PROM_TOP_MARGIN / TOP + 2.0 / PROM_TOP_COUNTERS_MIN);
        unsigned heavy_ones = 0;
        for (unsigned key = 0; key < KEYS; key++) {
            heavy_ones += (double)exact[key] > least;
            assert_true((double)exact[key] <= least || shown(page, key) > 0);
        }
        free(page);
        prom_program_end(&heavy.program);
        heavy_ones_ever += heavy_ones;
    }
    assert_true(heavy_ones_ever > 0);
}

/* Checkpoints are accepted, given back, void or never answered. The program is killed. Series come and go. */
static void any_history_keeps_the_sum(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct heavy heavy;
        uint64_t random = seed;
        begin(&heavy, 1 + (int64_t)(dice(&random) % 12));
        if (dice(&random) % 2)
            heavy.program.names_wait_ms = 3600000; /* all names are known, except perhaps after a restart */
        for (unsigned step = 0; step < 80; step++) {
            unsigned keys = 1 + (unsigned)(dice(&random) % 60), first = (unsigned)(dice(&random) % 3) * 40;
            for (unsigned i = 0; i < keys; i++)
                send(&heavy, (unsigned)dice(&random) % 2, first + (unsigned)(dice(&random) % 40),
                     dice(&random) % 100 ? dice(&random) % 1000 : dice(&random) % 1000000);
            unsigned what = (unsigned)(dice(&random) % 12);
            bool is_cut = what < 9 && prom_program_prepare(&heavy.program, NULL);
            if (is_cut && what < 7) {
                prom_program_accept(&heavy.program);
                heavy.committed = heavy.sum;
            } else if (is_cut && what < 8) {
                prom_rolled_back(heavy.program.fixture.output, heavy.program.fixture.number);
                heavy.sum = heavy.committed; /* later records are not read again here */
            } else if (what == 9) {          /* killed, also with a checkpoint that has no answer */
                heavy.row.top = dice(&random) % 4 ? heavy.row.top : 1 + (int64_t)(dice(&random) % 12);
                prom_program_restart(&heavy.program, true);
                heavy.sum = heavy.committed;
                heavy.ended_at[0] = '\0';
            } else if (what == 10 && dice(&random) % 3 == 0) {
                fxi_part_void(heavy.program.part); /* the next checkpoint makes the log anew */
                assert_true(prom_program_checkpoint(&heavy.program));
                heavy.committed = heavy.sum;
            }
            free(check(&heavy, heavy.committed));
        }
        prom_program_end(&heavy.program);
    }
}

/* Shown series continue after a restart, and keep their places when others come first. */
static void weights_outlive_a_restart(void **state)
{
    (void)state;
    struct heavy heavy;
    begin(&heavy, 2);
    send(&heavy, 0, 1, 10000);
    send(&heavy, 1, 2, 20000);
    checkpoint(&heavy);
    prom_program_restart(&heavy.program, true); /* their cells do not exist yet, either */
    for (unsigned round = 0; round < 5; round++) {
        send(&heavy, round % 2, 3, 1000);
        checkpoint(&heavy);
    }
    char *page = check(&heavy, heavy.sum);
    assert_int_equal(shown(page, 1), 10000);
    assert_int_equal(shown(page, 2), 20000);
    free(page);
    assert_int_equal(heavy.ended, 0);
    assert_in_range(metric(&heavy, "top_weight"), 29000, 30000);
    for (unsigned round = 0; round < 3; round++) {
        send(&heavy, round % 2, 3, 100000);
        send(&heavy, round % 2, 2, 1);
        checkpoint(&heavy);
    }
    page = check(&heavy, heavy.sum);
    assert_true(shown(page, 3) > 0);
    assert_int_equal(shown(page, 2), 20003);
    assert_int_equal(shown(page, 1), 0);
    free(page);
    prom_program_end(&heavy.program);
}

/* Millions of label sets occur once each, and some keep occurring. Those are shown, and memory does not grow. */
static void memory_is_flat_while_labels_come_and_go(void **state)
{
    (void)state;
    const char *wanted = getenv("FX_TEST_TOP_SETS");
    unsigned sets = wanted ? (unsigned)strtoul(wanted, NULL, 10) : 200000;
    struct heavy heavy;
    begin(&heavy, 10);
    size_t before = 0;
    for (unsigned i = 0; i < sets; i++) {
        char label[32];
        snprintf(label, sizeof label, "once-%u", i);
        prom_fixture_write(&heavy.program.fixture, i % 2, i, 1, label, 100, NULL, NULL);
        heavy.sum += 100;
        if (i % 4 == 0)
            send(&heavy, i % 2, i / 4 % 8, 100);
        if (i % (sets / 20) == sets / 20 - 1) {
            checkpoint(&heavy);
            size_t now = mallinfo2().uordblks + mallinfo2().hblkhd;
            if (i < sets / 2)
                before = now;
            assert_true(i < sets / 2 || now <= before + 65536);
        }
    }
    char *page = check(&heavy, heavy.sum);
    for (unsigned key = 0; key < 8; key++)
        assert_true(shown(page, key) > 0);
    free(page);
    prom_program_end(&heavy.program);
}

/* ---- Beside running workers and readers */

static uint64_t randoms[2] = {0, 1};

/* The twenty heavy labels change from time to time. */
static void write_changing(struct prom_beside *beside, unsigned worker, unsigned round)
{
    char label[32];
    for (unsigned j = 0; j < 20; j++) {
        uint64_t bytes = dice(&randoms[worker]) % 100;
        snprintf(label, sizeof label, "router-%u", j % 4 ? round / 50 % 40 * 5 + j : (unsigned)dice(&randoms[worker]));
        prom_fixture_write(&beside->fixture, worker, 1, j, label, bytes, NULL, NULL);
        beside->sums[worker] += bytes;
    }
}

static unsigned check_beside(struct prom_beside *beside, uint64_t sum, int64_t top)
{
    char *page = prom_fixture_page(&beside->fixture, 4096);
    unsigned has_ended = strstr(page, ENDED) != NULL;
    assert_int_equal(prom_fixture_sum(page), sum);
    assert_in_range(lines_on(page), 0, top);
    free(page);
    return has_ended;
}

static void places_change_beside_workers_and_readers(void **state)
{
    (void)state;
    static struct prom_beside beside;
    struct heavy heavy;
    set_row(&heavy, 20);
    prom_fixture_init(&beside.fixture, 2000, 0);
    prom_beside_begin(&beside, write_changing);
    for (unsigned i = 0, ended = 0; i < 30 || ended < 5; i++) {
        uint64_t sum = prom_beside_checkpoint(&beside);
        beside.fixture.output->store.families[0].top.weighed_ms -= heavy.row.top_half_life;
        ended += check_beside(&beside, sum, heavy.row.top);
    }
    prom_beside_end(&beside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(with_at_most_n_series_all_are_shown_whole),
                                       cmocka_unit_test(a_heavy_newcomer_gets_in_and_one_that_faded_leaves),
                                       cmocka_unit_test(void_cuts_weigh_nothing_twice),
                                       cmocka_unit_test(of_a_skewed_stream_the_heaviest_are_shown),
                                       cmocka_unit_test(the_guarantee_holds_against_an_exact_count),
                                       cmocka_unit_test(any_history_keeps_the_sum),
                                       cmocka_unit_test(weights_outlive_a_restart),
                                       cmocka_unit_test(memory_is_flat_while_labels_come_and_go),
                                       cmocka_unit_test(places_change_beside_workers_and_readers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
