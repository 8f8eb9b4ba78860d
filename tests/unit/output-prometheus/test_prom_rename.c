/* Names change at random while records come. No byte is lost or counted twice. At rest each name has its own bytes. */
#include "prom_fixture.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { NUMBERS = 40, STEPS = 3000, NAMES = 5 };

struct model {
    struct prom_fixture fixture;
    struct fx_cell *cells[NUMBERS];
    unsigned names[NUMBERS];
    uint64_t sums[NUMBERS], committed[NUMBERS];
    uint64_t sum, committed_sum;
    unsigned seed;
};

static void name(struct model *model, unsigned number, unsigned which)
{
    char text[16];
    int size = snprintf(text, sizeof text, "NAME%u", which);
    model->names[number] = which;
    assert_int_equal(fx_cell_set(model->cells[number], FX_CELL_KNOWN, text, (size_t)size), 0);
}

static void make(struct model *model, unsigned seed)
{
    *model = (struct model){.seed = seed};
    prom_fixture_init(&model->fixture, 1000, 0);
    model->fixture.options.late_names = PROM_LATE_RENAME;
    for (unsigned i = 0; i < NUMBERS; i++) {
        char key[8];
        int size = snprintf(key, sizeof key, "%u", i + 1000);
        model->cells[i] = fx_cell_new_keyed(key, (size_t)size);
        name(model, i, 0);
    }
}

static void write_record(struct model *model)
{
    unsigned number = (unsigned)rand_r(&model->seed) % NUMBERS, bytes = (unsigned)rand_r(&model->seed) % 1000 + 1;
    prom_fixture_write(&model->fixture, number % 2, number + 1000, 100, "r", bytes, model->cells[number], NULL);
    model->sums[number] += bytes;
    model->sum += bytes;
}

static void check_sum(struct model *model, uint64_t expected)
{
    char *page = prom_fixture_page(&model->fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), expected);
    free(page);
}

static void commit(struct model *model)
{
    prom_fixture_checkpoint(&model->fixture);
    memcpy(model->committed, model->sums, sizeof model->sums);
    model->committed_sum = model->sum;
    check_sum(model, model->sum);
}

/* The cut is refused: the page stays as it was. The records since the last commit are gone until they come again. */
static void roll_back(struct model *model)
{
    prom_fixture_cut(&model->fixture);
    prom_rolled_back(model->fixture.output, model->fixture.number - 1);
    memcpy(model->sums, model->committed, sizeof model->sums);
    model->sum = model->committed_sum;
    check_sum(model, model->sum);
}

static void check_names(struct model *model)
{
    char *page = prom_fixture_page(&model->fixture, 4096);
    for (unsigned i = 0; i < NUMBERS; i++) {
        for (unsigned which = 0; which < NAMES; which++) {
            char line[256];
            snprintf(line, sizeof line, SERIES("receive", "100", "", "r", "%u", "NAME%u"), i + 1000, which);
            uint64_t expected = which == model->names[i] ? model->sums[i] : 0;
            if (prom_fixture_value(page, line) != expected)
                fail_msg("%s is %" PRIu64 ", not %" PRIu64, line, prom_fixture_value(page, line), expected);
        }
    }
    free(page);
}

static void nothing_is_lost_and_every_name_is_right_in_the_end(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++) {
        static struct model model;
        make(&model, seed);
        for (int step = 0; step < STEPS; step++) {
            unsigned what = (unsigned)rand_r(&model.seed) % 100;
            if (what < 80)
                write_record(&model);
            else if (what < 88)
                name(&model, (unsigned)rand_r(&model.seed) % NUMBERS, (unsigned)rand_r(&model.seed) % NAMES);
            else if (what < 98)
                commit(&model);
            else
                roll_back(&model);
        }
        for (int i = 0; i < 3; i++) /* a new name is made, shown, and takes the value */
            commit(&model);
        check_names(&model);
        prom_fixture_fini(&model.fixture);
        for (unsigned i = 0; i < NUMBERS; i++)
            fx_cell_unref(model.cells[i]);
    }
}

static void without_the_option_names_stay(void **state)
{
    (void)state;
    static struct model model;
    make(&model, 1);
    model.fixture.options.late_names = PROM_LATE_KEEP;
    for (int i = 0; i < 200; i++)
        write_record(&model);
    commit(&model);
    for (unsigned i = 0; i < NUMBERS; i++)
        name(&model, i, 3);
    for (int i = 0; i < 3; i++)
        commit(&model);
    for (unsigned i = 0; i < NUMBERS; i++)
        model.names[i] = 0;
    check_names(&model);
    prom_fixture_fini(&model.fixture);
    for (unsigned i = 0; i < NUMBERS; i++)
        fx_cell_unref(model.cells[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_and_every_name_is_right_in_the_end),
        cmocka_unit_test(without_the_option_names_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
