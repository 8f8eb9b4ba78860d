/* The arena: memory from it stays until the reset, and has a limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "util/arena.h"

static void texts_stay(void **unused)
{
    (void)unused;
    enum { COUNT = 3000, SIZE = 100 };
    static char *texts[COUNT];
    struct fxi_arena arena;
    fxi_arena_init(&arena, COUNT * SIZE);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < COUNT; i++) {
            texts[i] = fxi_arena_alloc(&arena, SIZE);
            assert_non_null(texts[i]);
            memset(texts[i], i & 0x7f, SIZE);
        }
        for (int i = 0; i < COUNT; i++)
            assert_true(texts[i][0] == (i & 0x7f) && memcmp(texts[i], texts[i] + 1, SIZE - 1) == 0);
        fxi_arena_reset(&arena);
    }
    fxi_arena_fini(&arena);
}

static void limit_between_resets(void **unused)
{
    (void)unused;
    struct fxi_arena arena;
    fxi_arena_init(&arena, 1000000);
    assert_null(fxi_arena_alloc(&arena, 1000001));
    assert_null(fxi_arena_alloc(&arena, SIZE_MAX));
    assert_non_null(fxi_arena_alloc(&arena, 999999));
    assert_non_null(fxi_arena_alloc(&arena, 1));
    assert_null(fxi_arena_alloc(&arena, 1));
    assert_non_null(fxi_arena_alloc(&arena, 0));
    fxi_arena_reset(&arena);
    assert_non_null(fxi_arena_alloc(&arena, 1000000));
    fxi_arena_fini(&arena);
}

static void reset_keeps_the_first_chunk(void **unused)
{
    (void)unused;
    struct fxi_arena arena;
    fxi_arena_init(&arena, 1 << 20);
    fxi_arena_reset(&arena);
    char *first = fxi_arena_alloc(&arena, 10);
    assert_non_null(fxi_arena_alloc(&arena, 500000));
    fxi_arena_reset(&arena);
    assert_ptr_equal(fxi_arena_alloc(&arena, 10), first);
    fxi_arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts_stay), cmocka_unit_test(limit_between_resets),
                                       cmocka_unit_test(reset_keeps_the_first_chunk)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
