/*
 * output-prometheus without memory at each place where it asks for some: once, and from there on. A checkpoint may
 * fail, but a later one brings everything. A page never shows a wrong sum.
 */
#include "prom_program.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

/* ---- Memory that runs out: the linker puts these functions between (output-prometheus.inc) */

static struct {
    bool is_on, stays, failed;
    unsigned left; /* how many more calls succeed */
} shortage;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __real_fx_state_log(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
int __real_fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset);
int __wrap_fx_state_log(const struct fx_checkpoint *checkpoint, const void *data, size_t size);
int __wrap_fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size);

static bool ends(void)
{
    if (!shortage.is_on || (shortage.failed && !shortage.stays))
        return false;
    if (shortage.left) {
        shortage.left--;
        return false;
    }
    shortage.failed = true;
    return true;
}

void *__wrap_malloc(size_t size)
{
    return ends() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return ends() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return ends() ? NULL : __real_realloc(old, size);
}

void *__wrap_mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return ends() ? MAP_FAILED : __real_mmap(at, size, protection, flags, fd, offset);
}

/* The core's own memory never runs out here. */
int __wrap_fx_state_log(const struct fx_checkpoint *checkpoint, const void *data, size_t size)
{
    bool was_on = shortage.is_on;
    shortage.is_on = false;
    int rc = __real_fx_state_log(checkpoint, data, size);
    shortage.is_on = was_on;
    return rc;
}

int __wrap_fx_state_put(const struct fx_checkpoint *checkpoint, const void *data, size_t size)
{
    bool was_on = shortage.is_on;
    shortage.is_on = false;
    int rc = __real_fx_state_put(checkpoint, data, size);
    shortage.is_on = was_on;
    return rc;
}

static void around(bool enters)
{
    shortage.is_on = enters;
}

static void arm(struct prom_program *program, unsigned after, bool stays)
{
    shortage.left = after;
    shortage.stays = stays;
    shortage.failed = false;
    program->around = around;
}

/* Whether memory ran out at all. */
static bool disarm(struct prom_program *program)
{
    program->around = NULL;
    return shortage.failed;
}

/* ---- */

#define FEW  40
#define MANY 900 /* makes tables grow */

static void transmit_to(struct prom_program *program, unsigned from, unsigned to)
{
    char label[16];
    for (unsigned i = from; i < to; i++) {
        snprintf(label, sizeof label, "r%u", i);
        prom_program_transmit(program, i % CELLS, label, 1);
    }
}

static void expect_sum(struct prom_program *program, uint64_t sum)
{
    char *page = prom_fixture_page(&program->fixture, 4096);
    assert_int_equal(prom_fixture_sum(page), sum);
    assert_null(strstr(page, "\"other\""));
    free(page);
}

static bool checkpoints_are_made_up_for(unsigned after, bool stays)
{
    struct prom_program program;
    prom_program_begin(&program);
    transmit_to(&program, 0, FEW);
    prom_program_checkpoint(&program);
    transmit_to(&program, 0, MANY);
    arm(&program, after, stays);
    prom_program_checkpoint(&program);
    bool has_ended = disarm(&program);
    transmit_to(&program, 0, 1);
    prom_program_checkpoint(&program);
    expect_sum(&program, FEW + MANY + 1);
    prom_program_restart(&program, true);
    expect_sum(&program, FEW + MANY + 1);
    transmit_to(&program, 0, MANY);
    prom_program_checkpoint(&program);
    expect_sum(&program, FEW + 2 * MANY + 1);
    assert_int_equal(prom_registry_count(&program.fixture.output->store.families[1].registry), MANY + 1);
    prom_program_end(&program);
    return has_ended;
}

static void a_checkpoint_without_memory_is_made_up_for(void **state)
{
    (void)state;
    unsigned after = 0;
    while (checkpoints_are_made_up_for(after, false))
        after++;
    assert_true(after > 10);
    for (after = 0; checkpoints_are_made_up_for(after, true);)
        after++;
    assert_true(after > 10);
}

/* If the values are lost, the log says so. Later counts are right, and are kept. */
static bool a_restore_is_whole_or_nothing(unsigned after)
{
    struct prom_program program;
    prom_program_begin(&program);
    transmit_to(&program, 0, MANY);
    prom_program_checkpoint(&program);
    arm(&program, after, false);
    prom_program_restart(&program, true);
    bool has_ended = disarm(&program);
    if (!program.fixture.output->store.is_broken) {
        uint64_t sum = program.lost_state ? 0 : MANY;
        char *page = prom_fixture_page(&program.fixture, 4096);
        assert_int_equal(prom_fixture_sum(page), sum); /* part of it may be in 'other' */
        free(page);
        transmit_to(&program, FEW, MANY);
        prom_program_checkpoint(&program);
        prom_program_restart(&program, true);
        page = prom_fixture_page(&program.fixture, 4096);
        assert_int_equal(prom_fixture_sum(page), sum + MANY - FEW);
        free(page);
    }
    prom_program_end(&program);
    return has_ended;
}

static void a_restore_without_memory_begins_at_zero(void **state)
{
    (void)state;
    unsigned after = 0;
    while (a_restore_is_whole_or_nothing(after))
        after++;
    assert_true(after > 10);
}

/*
 * A rollback could not put the values back. No cut contains them, even if no record comes that would stop the program.
 */
static void a_rollback_without_memory_is_followed_by_no_cut(void **state)
{
    (void)state;
    struct prom_program program;
    char label[16];
    prom_program_begin(&program);
    program.max_series = 10000;
    prom_program_restart(&program, true);
    for (unsigned i = 0; i < 2000; i++) { /* all by the second worker; the first lacks room for them */
        snprintf(label, sizeof label, "r%u", i);
        prom_program_transmit(&program, 1, label, 1);
    }
    prom_program_checkpoint(&program);
    arm(&program, 0, false);
    around(true);
    prom_rolled_back(program.fixture.output, program.fixture.number);
    around(false);
    assert_true(disarm(&program));
    struct fx_error err = FX_ERROR_INIT;
    assert_true(prom_cut(program.fixture.output, ++program.fixture.number, &err) < 0);
    assert_non_null(strstr(err.message, "no memory"));
    expect_sum(&program, 2000);
    prom_program_end(&program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_checkpoint_without_memory_is_made_up_for),
        cmocka_unit_test(a_restore_without_memory_begins_at_zero),
        cmocka_unit_test(a_rollback_without_memory_is_followed_by_no_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
