/*
 * What output-prometheus keeps over a restart, in a real state directory: values, the text that a series was first
 * shown with, the series of a name that comes again; what is not accepted is not kept; and all of it at random
 * against a model.
 */
#include "prom_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "state/state.h"
#include "util/alloc.h"

#define HOUR_MS 3600000
#define CELLS   8

/* The program from start to end, and what is outside of it: the directory, the resolver's cells. */
struct program {
    struct prom_fixture fixture;
    struct fxi_state *state;
    struct fx_state *part;
    struct fx_cell *cells[CELLS];
    char directory[64];
    int64_t max_series, names_wait_ms;
    uint64_t asn;
};

static void make_cells(struct program *program, bool are_known)
{
    char key[16], name[32];
    for (unsigned i = 0; i < CELLS; i++) {
        snprintf(key, sizeof key, "%u", i);
        program->cells[i] = fx_cell_new_keyed(key, strlen(key));
        snprintf(name, sizeof name, i % 4 == 3 ? "SAME" : "NAME-%u", i);
        if (are_known)
            assert_int_equal(fx_cell_set(program->cells[i], FX_CELL_KNOWN, name, strlen(name)), 0);
    }
}

static void restore(struct program *program)
{
    struct fx_error err = FX_ERROR_INIT;
    const struct fxi_slot *truth = NULL;
    for (unsigned i = 0; i < 2; i++) {
        const struct fxi_slot *slot = fxi_state_slot(program->state, i);
        if (slot->is_valid && slot->is_accepted && (!truth || slot->number > truth->number))
            truth = slot;
        if (slot->is_valid && slot->number > program->fixture.number)
            program->fixture.number = slot->number;
    }
    fxi_state_choose(program->state, truth);
    struct fx_checkpoint checkpoint = {.number = truth ? truth->number : 0, .tag = "", .state = program->part};
    if (truth)
        assert_int_equal(fxi_part_read(program->part, truth, &err), 0);
    int rc = prom_restore(program->fixture.output, &checkpoint, &err);
    if (rc)
        fail_msg("restore: %s", err.message);
    fxi_part_read_end(program->part);
}

static void start(struct program *program, bool names_are_known)
{
    struct fx_error err = FX_ERROR_INIT;
    prom_fixture_init_asn(&program->fixture, program->max_series, program->names_wait_ms, (int64_t)program->asn);
    assert_int_equal(fxi_state_open(&program->state, program->directory, &err), 0);
    program->part = fxi_state_part(program->state, "out", "output-prometheus");
    make_cells(program, names_are_known);
    restore(program);
}

static void stop(struct program *program)
{
    prom_fixture_fini(&program->fixture);
    fxi_state_close(program->state);
    for (unsigned i = 0; i < CELLS; i++)
        fx_cell_unref(program->cells[i]);
}

static void restart(struct program *program, bool names_are_known)
{
    stop(program);
    start(program, names_are_known);
}

static void begin(struct program *program)
{
    *program = (struct program){.max_series = 1000, .asn = 100};
    snprintf(program->directory, sizeof program->directory, "/tmp/test_prom_kept.XXXXXX");
    assert_non_null(mkdtemp(program->directory));
    start(program, true);
}

static void end(struct program *program)
{
    char command[128];
    stop(program);
    snprintf(command, sizeof command, "rm -rf '%s'", program->directory);
    assert_int_equal(system(command), 0);
}

/* Cut and prepare, durable but not accepted; *rewritten says whether the log was made anew. */
static void prepare(struct program *program, bool *rewritten)
{
    struct fx_error err = FX_ERROR_INIT;
    struct prom_fixture *f = &program->fixture;
    struct fx_checkpoint checkpoint = {.number = ++f->number, .tag = "t", .state = program->part};
    prom_before_cut(f->output);
    assert_int_equal(prom_cut(f->output, f->number), 0);
    assert_int_equal(fxi_state_begin(program->state, f->number, &err), 0);
    assert_int_equal(fxi_part_begin(program->part, &checkpoint.rewrite_log, &err), 0);
    assert_int_equal(prom_prepare(f->output, &checkpoint, &err), 0);
    assert_int_equal(fxi_part_end(program->part, &err), 0);
    assert_int_equal(fxi_state_finish(program->state, NULL, 0, &err), 0);
    if (rewritten)
        *rewritten = checkpoint.rewrite_log;
}

static void accept(struct program *program)
{
    fxi_state_accept(program->state);
    prom_committed(program->fixture.output, program->fixture.number);
}

static void checkpoint(struct program *program)
{
    prepare(program, NULL);
    accept(program);
}

/* Transmitted from the own AS to number, whose name is the cell's. */
static void transmit(struct program *program, unsigned number, const char *label, uint64_t bytes)
{
    prom_fixture_write(&program->fixture, number % 2, program->asn, number, label, bytes, NULL, program->cells[number]);
}

static void expect_page(struct program *program, const char *expected)
{
    char *page = prom_fixture_page(&program->fixture, 4096);
    assert_string_equal(page, expected);
    free(page);
}

static void a_restart_shows_the_same_and_goes_on(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    transmit(&program, 1, "r1", 5);
    transmit(&program, 2, NULL, 7);
    prom_fixture_write(&program.fixture, 1, 2, 100, "r1", 9, program.cells[2], NULL);
    checkpoint(&program);
    transmit(&program, 1, "r1", 1000); /* of no checkpoint: read again after a restart */
    char *before = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(before), 21);
    restart(&program, true);
    expect_page(&program, before);
    free(before);
    transmit(&program, 1, "r1", 1);
    transmit(&program, 3, "r1", 3);
    checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), 6);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "3", "SAME", "r1", "100", "")), 3);
    assert_int_equal(prom_fixture_sum(page), 25);
    free(page);
    assert_int_equal(prom_registry_count(&program.fixture.output->families[1].registry), 4); /* with 'other' */
    end(&program);
}

/* The text that a series was first shown with stays, whatever its name has become. */
static void a_text_stays(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    transmit(&program, 1, "r1", 5);
    checkpoint(&program);
    restart(&program, false);
    assert_int_equal(fx_cell_set(program.cells[1], FX_CELL_KNOWN, "OTHER-NAME", 10), 0);
    transmit(&program, 1, "r1", 1);
    checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), 6);
    assert_int_equal(prom_fixture_sum(page), 6);
    free(page);
    end(&program);
}

/* It was not shown before, and is not shown before its name is known; its count is there. */
static void what_was_held_back_still_is(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    program.names_wait_ms = HOUR_MS;
    restart(&program, false);
    transmit(&program, 1, "r1", 5);
    checkpoint(&program);
    restart(&program, false);
    checkpoint(&program);
    expect_page(&program, "");
    transmit(&program, 1, "r1", 1);
    checkpoint(&program);
    expect_page(&program, "");
    assert_int_equal(fx_cell_set(program.cells[1], FX_CELL_KNOWN, "A", 1), 0);
    checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "A", "r1", "100", "")), 6);
    free(page);
    program.names_wait_ms = 0;
    restart(&program, false);
    transmit(&program, 2, "r1", 4);
    checkpoint(&program);
    restart(&program, false); /* the second waits for its cell, and no longer than names_wait */
    checkpoint(&program);
    page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "2", "", "r1", "100", "")), 4);
    free(page);
    end(&program);
}

/* Two series with one text are one line, before and after. */
static void an_alias_stays_one(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    assert_int_equal(fx_cell_set(program.cells[1], FX_CELL_UNKNOWN, "", 0), 0);
    transmit(&program, 1, "r1", 5);
    prom_fixture_write(&program.fixture, 0, 100, 1, "r1", 6, NULL, NULL);
    checkpoint(&program);
    for (unsigned i = 0; i < 2; i++) {
        expect_page(&program,
                    "# HELP flow_transmit_bytes_total Bytes transferred.\n"
                    "# TYPE flow_transmit_bytes_total counter\n" SERIES("transmit", "1", "", "r1", "100", "") " 11\n");
        restart(&program, true);
    }
    transmit(&program, 1, "r1", 1);
    prom_fixture_write(&program.fixture, 0, 100, 1, "r1", 2, NULL, NULL);
    checkpoint(&program);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "", "r1", "100", "")), 14);
    assert_int_equal(prom_fixture_sum(page), 14);
    free(page);
    end(&program);
}

static void what_was_not_accepted_is_not_kept(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    transmit(&program, 1, "r1", 5);
    checkpoint(&program);
    transmit(&program, 2, "r1", 7);
    prepare(&program, NULL); /* and the program dies */
    restart(&program, true);
    transmit(&program, 3, "r1", 9);
    prepare(&program, NULL);
    prom_rolled_back(program.fixture.output, program.fixture.number - 1);
    transmit(&program, 4, "r1", 1);
    checkpoint(&program);
    restart(&program, true);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), 5);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "4", "NAME-4", "r1", "100", "")), 1);
    assert_int_equal(prom_fixture_sum(page), 6);
    free(page);
    end(&program);
}

static void another_metric_begins_at_zero(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    transmit(&program, 1, "r1", 5);
    checkpoint(&program);
    program.asn = 101; /* both metrics are others now */
    restart(&program, true);
    checkpoint(&program);
    expect_page(&program, "");
    transmit(&program, 1, "r1", 8);
    checkpoint(&program);
    restart(&program, true);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "101", "")), 8);
    assert_int_equal(prom_fixture_sum(page), 8);
    free(page);
    end(&program);
}

/* Fewer series than there were: the sum is the same, now and after further restarts. */
static void a_lower_limit_keeps_the_sum(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    for (unsigned i = 0; i < CELLS; i++)
        transmit(&program, i, "r1", 1U << i);
    checkpoint(&program);
    program.max_series = 3;
    for (unsigned i = 0; i < 3; i++) {
        restart(&program, true);
        checkpoint(&program);
        char *page = prom_fixture_page(&program.fixture, 4096);
        assert_int_equal(prom_fixture_sum(page), (1U << CELLS) - 1);
        assert_int_equal(prom_fixture_value(page, SERIES("transmit", "other", "other", "other", "other", "other")),
                         (1U << CELLS) - 8);
        free(page);
    }
    end(&program);
}

/* A cell that can't be told again after a restart: its series is not kept, others are. */
static void a_cell_without_a_key_is_not_kept(void **state)
{
    (void)state;
    struct program program;
    begin(&program);
    struct fx_cell *keyless = fx_cell_new();
    assert_int_equal(fx_cell_set(keyless, FX_CELL_KNOWN, "K", 1), 0);
    prom_fixture_write(&program.fixture, 0, 100, 9, "r1", 6, NULL, keyless);
    transmit(&program, 1, "r1", 5);
    checkpoint(&program);
    restart(&program, true);
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), 5);
    free(page);
    fx_cell_unref(keyless);
    end(&program);
}

/* ---- at random: the model is what the accepted checkpoints counted, by number and label */

#define LABELS 40

struct model {
    uint64_t now[CELLS][LABELS], accepted[CELLS][LABELS];
};

static void write_some(struct program *program, struct model *model)
{
    char label[16];
    for (int i = rand() % 40; i > 0; i--) {
        unsigned number = (unsigned)rand() % CELLS, name = (unsigned)rand() % LABELS;
        uint64_t bytes = (uint64_t)rand() % 1000;
        snprintf(label, sizeof label, "r%u", name);
        transmit(program, number, label, bytes);
        model->now[number][name] += bytes;
    }
}

static void check_model(struct program *program, const struct model *model)
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
    struct program program;
    struct model model = {0};
    unsigned rewrites = 0;
    srand(5);
    begin(&program);
    for (unsigned step = 0; step < 400; step++) {
        bool rewritten = false;
        write_some(&program, &model);
        prepare(&program, &rewritten);
        rewrites += rewritten;
        int dice = rand() % 10;
        if (dice < 6) {
            accept(&program);
            memcpy(model.accepted, model.now, sizeof model.now);
        } else if (dice < 8) {
            prom_rolled_back(program.fixture.output, program.fixture.number - 1);
        }
        if (dice >= 8 || rand() % 4 == 0) /* a kill: also between prepare and commit */
            restart(&program, true);
        memcpy(model.now, model.accepted, sizeof model.now);
        check_model(&program, &model);
    }
    assert_true(rewrites > 1); /* the log was made anew now and then */
    end(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_restart_shows_the_same_and_goes_on),
        cmocka_unit_test(a_text_stays),
        cmocka_unit_test(what_was_held_back_still_is),
        cmocka_unit_test(an_alias_stays_one),
        cmocka_unit_test(what_was_not_accepted_is_not_kept),
        cmocka_unit_test(another_metric_begins_at_zero),
        cmocka_unit_test(a_lower_limit_keeps_the_sum),
        cmocka_unit_test(a_cell_without_a_key_is_not_kept),
        cmocka_unit_test(any_history_ends_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
