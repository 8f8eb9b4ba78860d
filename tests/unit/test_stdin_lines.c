/* input-stdin's count of newlines, compared with a count byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/input-stdin/lines.h"

#define SIZE 20000

static int64_t count_slowly(const char *data, size_t size)
{
    int64_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    return lines;
}

/* More newlines than one byte can count, and nothing but each other byte. */
static void test_all_alike(void **state)
{
    (void)state;
    static char data[SIZE];
    for (int c = 0; c < 256; c++) {
        memset(data, c, sizeof data);
        assert_int_equal(stdin_count_lines(data, sizeof data), c == '\n' ? SIZE : 0);
    }
}

/* Every size and every beginning, in memory of exactly that size: a sanitizer notices a read beyond it. */
static void test_sizes(void **state)
{
    (void)state;
    srand(1);
    for (size_t size = 0; size < 600; size++) {
        char *data = malloc(size + 1);
        assert_non_null(data);
        for (size_t i = 0; i < size; i++)
            data[i] = "\n\v\t a"[rand() % 5];
        for (size_t from = 0; from <= size && from < 20; from++)
            assert_int_equal(stdin_count_lines(data + from, size - from), count_slowly(data + from, size - from));
        free(data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_all_alike), cmocka_unit_test(test_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
