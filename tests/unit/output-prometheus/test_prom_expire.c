/*
 * Idle series end. No sum changes, no shown value goes back, and a label set that comes again begins at zero. All of
 * this holds over rollbacks, void cuts, kills and restarts. Memory stays flat while label sets come and go for ever.
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

#define EXPIRE_MS 60000
#define ENDED     ",ended=\""

static void begin(struct prom_program *program)
{
    prom_program_begin(program);
    program->expire_after_ms = EXPIRE_MS;
    prom_program_restart(program, true);
}

static struct prom_family *transmitted(struct prom_program *program)
{
    return &program->fixture.output->store.families[1];
}

/* Lets this much time pass. */
static void let_pass(struct prom_program *program, uint32_t ms)
{
    struct prom_expire *expire = &transmitted(program)->expire;
    for (size_t i = 0; i < expire->known; i++)
        expire->active[i] -= ms / 100;
}

/* The value of the line of ended series, or 0. */
static uint64_t ended_on(const char *page)
{
    const char *at = strstr(page, ENDED);
    return at ? strtoull(strchr(at, ' ') + 1, NULL, 10) : 0;
}

static uint64_t created(struct prom_program *program, const char *label)
{
    const struct prom_family *family = transmitted(program);
    uint32_t count = prom_registry_count(&family->registry);
    for (uint32_t i = 1; i < count; i++) {
        const struct prom_series *series = prom_series_at(&family->registry, i);
        const char *text = prom_standing_text(&series->standing);
        if (text && !prom_life_is_gone(&family->life, i) &&
            memmem(text, series->standing.text_size, label, strlen(label)))
            return prom_series_created(&family->registry, i);
    }
    return 0;
}

static void expect(struct prom_program *program, uint64_t r1, uint64_t r2, uint64_t ended)
{
    char *page = prom_fixture_page(&program->fixture, 4096);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "1", "NAME-1", "r1", "100", "")), r1);
    assert_int_equal(prom_fixture_value(page, SERIES("transmit", "2", "NAME-2", "r2", "100", "")), r2);
    assert_int_equal(ended_on(page), ended);
    assert_int_equal(prom_fixture_sum(page), r1 + r2 + ended);
    free(page);
}

static void an_idle_series_ends_and_begins_again_at_zero(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_transmit(&program, 2, "r2", 7);
    prom_series_set_created(&transmitted(&program)->registry, 1, 4711);
    prom_series_set_created(&transmitted(&program)->registry, 2, 4711);
    prom_program_checkpoint(&program);
    let_pass(&program, EXPIRE_MS - 1000);
    prom_program_checkpoint(&program);
    expect(&program, 5, 7, 0);
    let_pass(&program, 1000);
    prom_program_transmit(&program, 2, "r2", 1); /* it was due to end, and is no longer idle */
    prom_program_checkpoint(&program);
    expect(&program, 0, 8, 5);
    assert_int_equal(fxi_metric_set_get(program.fixture.instance.metrics, PROM_SERIES, 0), 1);
    assert_int_equal(fxi_metric_set_get(program.fixture.instance.metrics, PROM_SERIES_EXPIRED, 0), 1);
    prom_program_restart(&program, true);
    expect(&program, 0, 8, 5);
    prom_program_transmit(&program, 1, "r1", 3);
    prom_program_checkpoint(&program);
    expect(&program, 3, 8, 5);
    assert_true(created(&program, "r1") > 4711);
    assert_int_equal(created(&program, "r2"), 4711);
    for (unsigned i = 0; i < 2; i++) {
        prom_program_restart(&program, true);
        expect(&program, 3, 8, 5);
        if (i == 0)
            fxi_part_void(program.part); /* the log is made anew */
        prom_program_checkpoint(&program);
    }
    prom_program_end(&program);
}

/* The line has another label each time. No query takes the moved values for traffic. */
static void the_line_of_ended_series_never_grows(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_transmit(&program, 2, "r2", 7);
    prom_program_checkpoint(&program);
    char before[32] = "";
    for (unsigned i = 0; i < 2; i++) {
        let_pass(&program, EXPIRE_MS);
        if (i == 0)
            prom_program_transmit(&program, 2, "r2", 1);
        prom_program_checkpoint(&program);
        char *page = prom_fixture_page(&program.fixture, 7);
        const char *at = strstr(page, ENDED);
        assert_non_null(at);
        assert_null(strstr(at + 1, ENDED));
        assert_true(strncmp(at, before, 28) != 0);
        assert_non_null(strstr(page, "{destination_as=\"other\",destination_as_name=\"other\",hostname=\"other\","
                                     "source_as=\"other\",source_as_name=\"other\",ended=\"20"));
        snprintf(before, sizeof before, "%.28s", at);
        free(page);
    }
    prom_program_end(&program);
}

/* The idle time of a series is kept, too. */
static void idle_time_outlives_a_restart(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    let_pass(&program, EXPIRE_MS / 2);
    prom_program_checkpoint(&program);
    prom_program_restart(&program, true);
    prom_program_checkpoint(&program);
    expect(&program, 5, 0, 0);
    let_pass(&program, EXPIRE_MS / 2);
    prom_program_checkpoint(&program);
    expect(&program, 0, 0, 5);
    prom_program_end(&program);
}

/* The refused cut is followed by one without the series. No rollback leads to a cut that had it. */
static void what_has_ended_stays_ended_after_a_rollback(void **state)
{
    (void)state;
    struct prom_program program;
    begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    prom_program_checkpoint(&program);
    let_pass(&program, EXPIRE_MS);
    prom_program_prepare(&program, NULL);
    prom_program_transmit(&program, 1, "r1", 2);
    prom_rolled_back(program.fixture.output, program.fixture.number - 1);
    expect(&program, 5, 0, 0); /* the committed page */
    prom_program_transmit(&program, 1, "r1", 3);
    prom_program_prepare(&program, NULL);
    expect(&program, 5, 0, 0);
    prom_program_accept(&program);
    expect(&program, 3, 0, 5);
    prom_program_restart(&program, true);
    expect(&program, 3, 0, 5);
    prom_program_end(&program);
}

static void without_the_option_nothing_ends(void **state)
{
    (void)state;
    struct prom_program program;
    prom_program_begin(&program);
    prom_program_transmit(&program, 1, "r1", 5);
    for (unsigned i = 0; i < 3; i++) {
        prom_program_checkpoint(&program);
        assert_int_equal(prom_expire_reserve(&transmitted(&program)->expire, 10), 0);
        let_pass(&program, EXPIRE_MS * 10);
    }
    expect(&program, 5, 0, 0);
    prom_program_end(&program);
}

/* ---- At random against a model */

enum { LABELS = 60, STEPS = 1500 };

struct model {
    uint64_t now[LABELS], accepted[LABELS], before[LABELS]; /* before: of the accepted checkpoint before the last */
    uint64_t base[LABELS];                                  /* the part of it that has ended, as pages show */
    struct prom_page *open;                                 /* a page that is read late */
    char *open_text;
};

/* Some labels occur all the time, others now and then. */
static void write_some(struct prom_program *program, struct model *model)
{
    char label[16];
    for (int i = rand() % 20; i > 0; i--) {
        unsigned which = rand() % 2 ? (unsigned)rand() % 5 : (unsigned)rand() % LABELS;
        uint64_t bytes = (uint64_t)rand() % 1000;
        snprintf(label, sizeof label, "r%u.", which);
        prom_program_transmit(program, which % CELLS, label, bytes);
        model->now[which] += bytes;
    }
}

static void check_model(struct prom_program *program, struct model *model)
{
    uint64_t sum = 0, ended = 0;
    char *page = prom_fixture_page(&program->fixture, 1 + (size_t)rand() % 5000), line[256];
    for (unsigned i = 0; i < LABELS; i++) {
        if (i % 4 == 3)
            snprintf(line, sizeof line, SERIES("transmit", "%u", "SAME", "r%u.", "100", ""), i % CELLS, i);
        else
            snprintf(line, sizeof line, SERIES("transmit", "%u", "NAME-%u", "r%u.", "100", ""), i % CELLS, i % CELLS,
                     i);
        uint64_t shown = prom_fixture_value(page, line);
        if (shown + model->base[i] != model->accepted[i]) { /* it has ended with the value last seen */
            assert_int_equal(shown + model->before[i], model->accepted[i]);
            model->base[i] = model->before[i];
        }
        sum += model->accepted[i];
        ended += model->base[i];
    }
    assert_int_equal(prom_fixture_sum(page), sum);
    assert_int_equal(ended_on(page), ended);
    free(page);
}

/* A page that has begun shows its cut to the end, whatever ends meanwhile. */
static void read_late(struct prom_program *program, struct model *model)
{
    if (model->open) {
        char text[65536];
        size_t size = 0;
        ssize_t got;
        while (size < strlen(model->open_text) && (got = prom_page_read(model->open, text + size, 1000)) > 0)
            size += (size_t)got;
        assert_true(size >= strlen(model->open_text));
        assert_memory_equal(text, model->open_text, strlen(model->open_text));
        prom_page_free(model->open);
        free(model->open_text);
        model->open = NULL;
    } else {
        model->open = prom_page_new(&program->fixture.output->store, PROM_TEXT, NULL);
        model->open_text = prom_fixture_page(&program->fixture, 4096);
    }
}

static void accept(struct prom_program *program, struct model *model)
{
    prom_program_accept(program);
    memcpy(model->before, model->accepted, sizeof model->accepted);
    memcpy(model->accepted, model->now, sizeof model->now);
}

static void any_history_keeps_the_sum(void **state)
{
    (void)state;
    struct prom_program program;
    static struct model model;
    unsigned rewrites = 0, ends = 0;
    for (int seed = 1; seed <= 3; seed++) {
        srand((unsigned)seed);
        memset(&model, 0, sizeof model);
        begin(&program);
        for (unsigned i = 0; i < STEPS; i++) {
            bool rewritten = false;
            write_some(&program, &model);
            let_pass(&program, (uint32_t)rand() % (EXPIRE_MS / 4));
            prom_program_prepare(&program, &rewritten);
            rewrites += rewritten;
            int dice = rand() % 10;
            if (dice == 9) /* no answer comes; the next cut follows */
                continue;
            if (dice < 6)
                accept(&program, &model);
            else if (dice < 8)
                prom_rolled_back(program.fixture.output, program.fixture.number - 1);
            if (model.open || rand() % 4 == 0)
                read_late(&program, &model);
            if (!model.open && (dice >= 8 || rand() % 4 == 0)) { /* a kill, also between prepare and commit */
                prom_program_restart(&program, true);
            } else if (dice == 8) {
                prom_rolled_back(program.fixture.output, program.fixture.number - 1);
            }
            memcpy(model.now, model.accepted, sizeof model.now);
            check_model(&program, &model);
        }
        if (model.open)
            read_late(&program, &model);
        for (unsigned i = 0; i < LABELS; i++)
            ends += model.base[i] > 0;
        prom_program_end(&program);
    }
    assert_true(rewrites > 3);
    assert_true(ends > LABELS);
}

/* ---- Memory */

enum { AT_ONCE = 300, ROUNDS = 60 };

static void churn(struct prom_program *program, unsigned round, uint64_t *sum)
{
    char label[32];
    for (unsigned i = 0; i < AT_ONCE; i++) {
        snprintf(label, sizeof label, "router-%u-of-%u", i, round);
        prom_program_transmit(program, i % CELLS, label, round + 1);
        *sum += round + 1;
    }
    for (unsigned i = 0; i < 3; i++) {
        prom_program_checkpoint(program);
        let_pass(program, EXPIRE_MS);
    }
}

static void memory_is_flat_while_labels_come_and_go(void **state)
{
    (void)state;
    struct prom_program program;
    uint64_t sum = 0;
    begin(&program);
    program.max_series = 3 * AT_ONCE;
    prom_program_restart(&program, true);
    size_t middle = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        churn(&program, round, &sum);
        if (round == ROUNDS / 3)
            middle = mallinfo2().uordblks;
    }
    char *page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), sum);
    free(page);
    const struct prom_family *family = transmitted(&program);
    assert_int_equal(fxi_metric_set_get(program.fixture.instance.metrics, PROM_OTHER, 0), 0);
    assert_int_equal(fxi_metric_set_get(program.fixture.instance.metrics, PROM_SERIES_CREATED, 0), AT_ONCE * ROUNDS);
    assert_true(prom_registry_count(&family->registry) <= 3 * AT_ONCE + 1);
    assert_true(program.fixture.output->store.texts.count <= 4 * AT_ONCE);
    if (middle) /* a sanitizer's allocator keeps memory */
        assert_true(mallinfo2().uordblks <= middle + middle / 20);
    prom_program_restart(&program, true);
    page = prom_fixture_page(&program.fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), sum);
    free(page);
    assert_true(prom_registry_count(&transmitted(&program)->registry) <= 3 * AT_ONCE + 1);
    prom_program_end(&program);
}

/* ---- Beside running workers and readers */

/* Labels come, occur for a while, and never come again. */
static void write_passing(struct prom_beside *beside, unsigned worker, unsigned round)
{
    char label[32];
    for (unsigned j = 0; j < 20; j++) {
        snprintf(label, sizeof label, "router-%u", round / 20 * 5 + j % 20);
        prom_fixture_write(&beside->fixture, worker, 100, j, label, round % 3, NULL, NULL);
        beside->sums[worker] += round % 3;
    }
}

static void series_end_beside_workers_and_readers(void **state)
{
    (void)state;
    static struct prom_beside beside;
    prom_fixture_init(&beside.fixture, 2000, 0);
    for (unsigned i = 0; i < 2; i++) {
        beside.fixture.output->store.families[i].expire.after_ms = 300;
        beside.fixture.output->store.families[i].expire.is_on = true;
    }
    prom_beside_begin(&beside, write_passing);
    struct prom_expire *expire = &beside.fixture.output->store.families[1].expire;
    const struct fxi_metric_set *metrics = beside.fixture.instance.metrics;
    for (unsigned i = 0; i < 30 || fxi_metric_set_get(metrics, PROM_SERIES_EXPIRED, 0) < 100; i++) {
        uint64_t sum = prom_beside_checkpoint(&beside);
        for (size_t j = 0; j < expire->known; j++)
            expire->active[j]--; /* a tenth of a second */
        char *page = prom_fixture_page(&beside.fixture, 4096);
        assert_int_equal(prom_fixture_sum(page), sum);
        free(page);
    }
    prom_beside_end(&beside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_series_ends_and_begins_again_at_zero),
        cmocka_unit_test(the_line_of_ended_series_never_grows),
        cmocka_unit_test(idle_time_outlives_a_restart),
        cmocka_unit_test(what_has_ended_stays_ended_after_a_rollback),
        cmocka_unit_test(without_the_option_nothing_ends),
        cmocka_unit_test(any_history_keeps_the_sum),
        cmocka_unit_test(memory_is_flat_while_labels_come_and_go),
        cmocka_unit_test(series_end_beside_workers_and_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
