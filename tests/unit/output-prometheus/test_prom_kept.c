/*
 * What output-prometheus keeps over a restart, in a real state directory: values, the text that a series was first
 * shown with, and the series of a name that comes again. What was not accepted is not kept. All of it also runs at
 * random against a model.
 */
#include "prom_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define HOUR_MS 3600000

static void expect_page(struct prom_program *program, const char *expected)
{
    char *page = prom_fixture_page(&program->fixture, 4096);
    assert_string_equal(page, expected);
    free(page);
}

static void a_restart_shows_the_same_and_goes_on(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_transmit(&program, 2, NULL, 7);
    prom_fixture_write(&program.fixture, 1, 2, 100, "r1", 9, program.cells[2], NULL);
    prom_program_checkpoint(&program);
    prom_program_transmit(&program, 1, "r1", 1000); /* in no checkpoint: read again after a restart */
    char *before = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(before), 21);
    prom_program_restart(&program, true);
    expect_page(&program, before);
    free(before);
    prom_program_transmit(&program, 1, "r1", 1);
    prom_program_transmit(&program, 3, "r1", 3);
    prom_program_checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), 6);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "3", "SAME", "r1", "100", "")), 3);
    assert_int_equal(prom_fixture_sum(page), 25);
    free(page);
    assert_int_equal(prom_registry_count(&program.fixture.output->store.families[1].registry), 4); /* and 'other' */
    prom_program_end(&program);
}

/* The time when a series began at zero is kept, also when the log is made anew. */
static void a_series_keeps_when_it_began(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    uint64_t now_ms = (uint64_t)time(NULL) * 1000;
    prom_program_transmit(&program, 1, "r1", 5);
    for (unsigned i = 0; i < 4; i++) {
        const struct prom_registry *registry = &program.fixture.output->store.families[1].registry;
        if (i == 0) {
            assert_in_range(prom_series_created(registry, 1), now_ms, now_ms + 60000);
            assert_in_range(prom_series_created(registry, PROM_OTHER_SERIES), now_ms - 1000, now_ms + 60000);
            prom_series_set_created(registry, 1, 4711);
            prom_series_set_created(registry, PROM_OTHER_SERIES, 4710);
        }
        assert_int_equal(prom_series_created(registry, 1), 4711);
        assert_int_equal(prom_series_created(registry, PROM_OTHER_SERIES), 4710);
        if (i == 2)
            fxi_part_void(program.part); /* the log is made anew */
        prom_program_checkpoint(&program);
        prom_program_restart(&program, true);
    }
    prom_program_end(&program);
}

/* A series keeps the text that it was first shown with, whatever becomes of its name. */
static void a_text_stays(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, false);
    assert_int_equal(fx_cell_set(program.cells[1], FX_CELL_KNOWN, "OTHER-NAME", 10), 0);
    prom_program_transmit(&program, 1, "r1", 1);
    prom_program_checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), 6);
    assert_int_equal(prom_fixture_sum(page), 6);
    free(page);
    prom_program_end(&program);
}

/* The series was not shown before, and stays hidden until its name is known. Its count is kept. */
static void what_was_held_back_still_is(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    program.names_wait_ms = HOUR_MS;
    prom_program_restart(&program, false);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, false);
    prom_program_checkpoint(&program);
    expect_page(&program, "");
    prom_program_transmit(&program, 1, "r1", 1);
    prom_program_checkpoint(&program);
    expect_page(&program, "");
    assert_int_equal(fx_cell_set(program.cells[1], FX_CELL_KNOWN, "A", 1), 0);
    prom_program_checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "A", "r1", "100", "")), 6);
    free(page);
    program.names_wait_ms = 0;
    prom_program_restart(&program, false);
    prom_program_transmit(&program, 2, "r1", 4);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, false); /* the second series waits for its cell at most names_wait */
    prom_program_checkpoint(&program);
    page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "2", "", "r1", "100", "")), 4);
    free(page);
    prom_program_end(&program);
}

/* Two series with one text are one line, before and after a restart. */
static void an_alias_stays_one(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    assert_int_equal(fx_cell_set(program.cells[1], FX_CELL_UNKNOWN, "", 0), 0);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_fixture_write(&program.fixture, 0, 100, 1, "r1", 6, NULL, NULL);
    prom_program_checkpoint(&program);
    for (unsigned i = 0; i < 2; i++) {
        expect_page(&program,
                    "# HELP flow_transmit_bytes_total Bytes transferred.\n"
                    "# TYPE flow_transmit_bytes_total counter\n" SERIES("transmit", "1", "", "r1", "100", "") " 11\n");
        prom_program_restart(&program, true);
    }
    prom_program_transmit(&program, 1, "r1", 1);
    prom_fixture_write(&program.fixture, 0, 100, 1, "r1", 2, NULL, NULL);
    prom_program_checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "", "r1", "100", "")), 14);
    assert_int_equal(prom_fixture_sum(page), 14);
    free(page);
    prom_program_end(&program);
}

static void name_first(struct prom_program *program, const char *name)
{
    program->fixture.options.late_names = PROM_LATE_RENAME;
    assert_int_equal(fx_cell_set(program->cells[1], FX_CELL_KNOWN, name, strlen(name)), 0);
    prom_program_transmit(program, 1, "r1", 1);
    prom_program_checkpoint(program); /* makes the series of the new name */
    prom_program_checkpoint(program); /* moves the value */
}

static void expect_name(struct prom_program *program, const char *line, uint64_t value)
{
    char *page = prom_fixture_page(&program->fixture, 4096);
    assert_int_equal(prom_fixture_value(page, line), value);
    assert_int_equal(prom_fixture_sum(page), value);
    free(page);
}

/* A name goes back and forth. The value stays where it was moved last, also when the log is made anew. */
static void a_renamed_series_stays_renamed(void **state)
{
    (void)state;
    for (unsigned moves = 0; moves < 4; moves++) {
        struct prom_program program;
        prom_program_begin(&program);
        name_first(&program, "A");
        for (unsigned i = 0; i < moves; i++)
            name_first(&program, i % 2 ? "A" : "B");
        const char *line =
            moves % 2 ? SERIES("transmit", "1", "B", "r1", "100", "") : SERIES("transmit", "1", "A", "r1", "100", "");
        for (unsigned i = 0; i < 4; i++) {
            expect_name(&program, line, moves + 1);
            if (i == 2)
                fxi_part_void(program.part); /* the log is made anew */
            else if (i)
                prom_program_restart(&program, false);
            program.fixture.options.late_names = PROM_LATE_RENAME;
            prom_program_checkpoint(&program);
        }
        expect_name(&program, line, moves + 1);
        prom_program_end(&program);
    }
}

static void what_was_not_accepted_is_not_kept(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    prom_program_transmit(&program, 2, "r1", 7);
    prom_program_prepare(&program, NULL); /* and the program dies */
    prom_program_restart(&program, true);
    prom_program_transmit(&program, 3, "r1", 9);
    prom_program_prepare(&program, NULL);
    prom_rolled_back(program.fixture.output, program.fixture.number - 1);
    prom_program_transmit(&program, 4, "r1", 1);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, true);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), 5);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "4", "NAME-4", "r1", "100", "")), 1);
    assert_int_equal(prom_fixture_sum(page), 6);
    free(page);
    prom_program_end(&program);
}

static void another_metric_begins_at_zero(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    program.asn = 101; /* both metrics have changed */
    prom_program_restart(&program, true);
    prom_program_checkpoint(&program);
    expect_page(&program, "");
    prom_program_transmit(&program, 1, "r1", 8);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, true);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "101", "")), 8);
    assert_int_equal(prom_fixture_sum(page), 8);
    free(page);
    prom_program_end(&program);
}

/* With a lower limit there are fewer series. The sum is the same, now and after further restarts. */
static void a_lower_limit_keeps_the_sum(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    for (unsigned i = 0; i < CELLS; i++)
        prom_program_transmit(&program, i, "r1", 1U << i);
    prom_program_checkpoint(&program);
    program.max_series = 3;
    for (unsigned i = 0; i < 3; i++) {
        prom_program_restart(&program, true);
        prom_program_checkpoint(&program);
        char *page = prom_fixture_page(&program.fixture, 4096);
        assert_int_equal(prom_fixture_sum(page), (1U << CELLS) - 1);
        assert_int_equal(prom_fixture_value(page, SERIES("transmit", "other", "other", "other", "other", "other")),
                         (1U << CELLS) - 8);
        free(page);
    }
    prom_program_end(&program);
}

/* A cell without a key can't be recognised after a restart. Its series is not kept; others are. */
static void a_cell_without_a_key_is_not_kept(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    struct fx_cell *keyless = fx_cell_new();
    assert_int_equal(fx_cell_set(keyless, FX_CELL_KNOWN, "K", 1), 0);
    prom_fixture_write(&program.fixture, 0, 100, 9, "r1", 6, NULL, keyless);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, true);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), 5);
    free(page);
    fx_cell_unref(keyless);
    prom_program_end(&program);
}

/* ---- At random: the model has what the accepted checkpoints counted, by number and label */

#define LABELS 40

struct model {
    uint64_t now[CELLS][LABELS], accepted[CELLS][LABELS];
};

static void write_some(struct prom_program *program, struct model *model)
{
    char label[16];
    for (int i = rand() % 40; i > 0; i--) {
        unsigned number = (unsigned)rand() % CELLS, name = (unsigned)rand() % LABELS;
        uint64_t bytes = (uint64_t)rand() % 1000;
        snprintf(label, sizeof label, "r%u", name);
        prom_program_transmit(program, number, label, bytes);
        model->now[number][name] += bytes;
    }
}

static void check_model(struct prom_program *program, const struct model *model)
{
    char line[256];
    uint64_t sum = 0;
    char *page = prom_fixture_page(&program->fixture, 4096);
    for (unsigned i = 0; i < CELLS; i++) {
        for (unsigned j = 0; j < LABELS; j++) {
            if (i % 4 == 3)
                snprintf(line, sizeof line, SERIES("transmit", "%u", "SAME", "r%u", "100", ""), i, j);
            else
                snprintf(line, sizeof line, SERIES("transmit", "%u", "NAME-%u", "r%u", "100", ""), i, i, j);
            assert_int_equal(prom_fixture_value(page, line), model->accepted[i][j]);
            sum += model->accepted[i][j];
        }
    }
    assert_int_equal(prom_fixture_sum(page), sum);
    free(page);
}

static void any_history_ends_exact(void **state)
{
    (void)state;
    struct prom_program program;
    struct model model = {0};
    unsigned rewrites = 0;
    srand(5);
    prom_program_begin(&program);
    for (unsigned step = 0; step < 400; step++) {
        bool rewritten = false;
        write_some(&program, &model);
        prom_program_prepare(&program, &rewritten);
        rewrites += rewritten;
        int dice = rand() % 10;
        if (dice < 6) {
            prom_program_accept(&program);
            memcpy(model.accepted, model.now, sizeof model.now);
        } else if (dice < 8) {
            prom_rolled_back(program.fixture.output, program.fixture.number - 1);
        }
        if (dice >= 8 || rand() % 4 == 0) /* a kill, also between prepare and commit */
            prom_program_restart(&program, true);
        memcpy(model.now, model.accepted, sizeof model.now);
        check_model(&program, &model);
    }
    assert_true(rewrites > 1); /* the log is made anew now and then */
    prom_program_end(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_shows_the_same_and_goes_on),
        cmocka_unit_test(a_series_keeps_when_it_began),
        cmocka_unit_test(a_text_stays),
        cmocka_unit_test(what_was_held_back_still_is),
        cmocka_unit_test(an_alias_stays_one),
        cmocka_unit_test(a_renamed_series_stays_renamed),
        cmocka_unit_test(what_was_not_accepted_is_not_kept),
        cmocka_unit_test(another_metric_begins_at_zero),
        cmocka_unit_test(a_lower_limit_keeps_the_sum),
        cmocka_unit_test(a_cell_without_a_key_is_not_kept),
        cmocka_unit_test(any_history_ends_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
