#include "prom_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void make_cells(struct prom_program *program, bool are_known)
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

/* Marks calls into the output: they may fail when the test says so. */
static void enter(const struct prom_program *program, bool enters)
{
    if (program->around)
        program->around(enters);
}

static void restore(struct prom_program *program)
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
    enter(program, true);
    int rc = prom_restore(program->fixture.output, &checkpoint, &err);
    enter(program, false);
    if (rc && !program->around)
        fail_msg("restore: %s", err.message);
    fxi_part_read_end(program->part);
    program->lost_state = rc < 0;
    if (!rc)
        return;
    struct fx_checkpoint nothing = {.number = 0, .tag = ""};
    fxi_part_void(program->part);
    assert_int_equal(prom_restore(program->fixture.output, &nothing, &err), 0);
}

static void start(struct prom_program *program, bool names_are_known)
{
    struct fx_error err = FX_ERROR_INIT;
    prom_fixture_init_asn(&program->fixture, program->max_series, program->names_wait_ms, (int64_t)program->asn);
    for (unsigned i = 0; program->expire_after_ms && i < program->fixture.output->store.family_count; i++) {
        program->fixture.output->store.families[i].expire.after_ms = program->expire_after_ms;
        program->fixture.output->store.families[i].expire.is_on = true;
    }
    assert_int_equal(fxi_state_open(&program->state, program->directory, &err), 0);
    program->part = fxi_state_part(program->state, "out", "output-prometheus");
    make_cells(program, names_are_known);
    restore(program);
}

static void stop(struct prom_program *program)
{
    prom_fixture_fini(&program->fixture);
    fxi_state_close(program->state);
    for (unsigned i = 0; i < CELLS; i++)
        fx_cell_unref(program->cells[i]);
}

void prom_program_restart(struct prom_program *program, bool names_are_known)
{
    stop(program);
    start(program, names_are_known);
}

void prom_program_begin(struct prom_program *program)
{
    *program = (struct prom_program){.max_series = 1000, .asn = 100};
    snprintf(program->directory, sizeof program->directory, "/tmp/test_prom_program.XXXXXX");
    assert_non_null(mkdtemp(program->directory));
    start(program, true);
}

void prom_program_end(struct prom_program *program)
{
    char command[128];
    stop(program);
    snprintf(command, sizeof command, "rm -rf '%s'", program->directory);
    assert_int_equal(system(command), 0);
}

bool prom_program_prepare(struct prom_program *program, bool *rewritten)
{
    struct fx_error err = FX_ERROR_INIT;
    struct prom_fixture *f = &program->fixture;
    struct fx_checkpoint checkpoint = {.number = ++f->number, .tag = "t", .state = program->part};
    enter(program, true);
    prom_before_cut(f->output);
    int rc = prom_cut(f->output, f->number, &err);
    enter(program, false);
    assert_true(!rc || program->around);
    if (rc)
        return false;
    assert_int_equal(fxi_state_begin(program->state, f->number, &err), 0);
    assert_int_equal(fxi_part_begin(program->part, &checkpoint.rewrite_log, &err), 0);
    enter(program, true);
    rc = prom_prepare(f->output, &checkpoint, &err);
    enter(program, false);
    assert_true(!rc || program->around);
    if (rc)
        fxi_part_leave_out(program->part);
    assert_int_equal(fxi_part_end(program->part, &err), 0);
    assert_int_equal(fxi_state_finish(program->state, NULL, 0, &err), 0);
    if (rewritten)
        *rewritten = checkpoint.rewrite_log;
    return true;
}

void prom_program_accept(struct prom_program *program)
{
    fxi_state_accept(program->state);
    prom_committed(program->fixture.output, program->fixture.number);
}

bool prom_program_checkpoint(struct prom_program *program)
{
    bool is_cut = prom_program_prepare(program, NULL);
    if (is_cut)
        prom_program_accept(program);
    return is_cut;
}

void prom_program_transmit(struct prom_program *program, unsigned number, const char *label, uint64_t bytes)
{
    prom_fixture_write(&program->fixture, number % 2, program->asn, number, label, bytes, NULL, program->cells[number]);
}
