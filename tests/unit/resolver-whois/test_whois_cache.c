/* The cache on disk: saved names come back, a damaged file is not used, and a fault only costs the saving. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "plugins/resolver-whois/table/cache.h"
#include "plugins/resolver-whois/base/clock.h"

static const struct whois_lifetimes lifetimes = {.known_ms = 1000000, .unknown_ms = 50000};
static char folder[] = "/tmp/test-whois-cache-XXXXXX";
static char path[64];

static int make_folder(void **unused)
{
    (void)unused;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof(path), "%s/%s", folder, WHOIS_CACHE_FILE);
    return 0;
}

static int remove_folder(void **unused)
{
    (void)unused;
    unlink(path);
    return rmdir(folder); /* fails if anything else is in it */
}

static struct whois_names no_names;

static void make_table(struct whois_table *table, size_t max)
{
    struct whois_table_options options = {.names = &no_names, .max_entries = max, .can_ask = true};
    assert_int_equal(whois_table_init(table, &options), 0);
}

static void add(struct whois_table *table, uint64_t number, const char *kept, int64_t left_ms)
{
    int64_t expires_ms = whois_now_ms() + left_ms;
    assert_int_equal(whois_table_restore(table, number, kept, strlen(kept), expires_ms, expires_ms), 0);
}

static void save(struct whois_table *table)
{
    struct fx_error err = FX_ERROR_INIT;
    if (whois_cache_save(folder, table, &err) < 0)
        fail_msg("%s", err.message);
}

/* Makes a fresh table and loads it from disk. */
static void load(struct whois_table *table, size_t expected)
{
    struct fx_error err = FX_ERROR_INIT;
    size_t count;
    make_table(table, 100);
    if (whois_cache_load(folder, table, &lifetimes, &count, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(count, expected);
}

static const struct whois_entry *entry_of(const struct whois_table *table, uint64_t number)
{
    return whois_map_find(&table->by_number, number);
}

static void what_is_kept_comes_back(void **unused)
{
    (void)unused;
    struct whois_table before, after;
    make_table(&before, 100);
    add(&before, 15169, "GOOGLE - Google LLC, US", 500000);
    add(&before, 4199999999, "Caf\xc3\xa9", 1500);
    add(&before, 99, "", 40000);
    add(&before, 7, "LATE", -5);             /* expired */
    add(&before, 8, "TOO LONG", 1000000000); /* longer than the options allow */
    save(&before);
    load(&after, 4);
    assert_string_equal(entry_of(&after, 15169)->kept, "GOOGLE - Google LLC, US");
    assert_string_equal(entry_of(&after, 4199999999)->kept, "Caf\xc3\xa9");
    assert_int_equal(entry_of(&after, 99)->state, FX_CELL_UNKNOWN);
    assert_null(entry_of(&after, 7));
    int64_t left_ms = entry_of(&after, 15169)->expires_ms - whois_now_ms();
    assert_in_range(left_ms, 490000, 500000);
    assert_in_range(entry_of(&after, 8)->expires_ms - whois_now_ms(), 990000, 1000000);
    assert_in_range(entry_of(&after, 15169)->expires_ms - entry_of(&after, 15169)->refresh_ms, 50000, 100000);
    whois_table_fini(&before);
    whois_table_fini(&after);
}

static void many_names_in_slices(void **unused)
{
    (void)unused;
    enum { COUNT = 5000 };
    struct whois_table before, after;
    struct fx_error err = FX_ERROR_INIT;
    size_t count;
    make_table(&before, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        char name[32];
        snprintf(name, sizeof(name), "NAME-%u, DE", i);
        add(&before, 100000 + i, name, 500000);
    }
    save(&before);
    make_table(&after, COUNT / 2);
    assert_int_equal(whois_cache_load(folder, &after, &lifetimes, &count, &err), 0);
    assert_int_equal(after.count, COUNT / 2); /* a smaller bound holds */
    whois_table_fini(&before);
    whois_table_fini(&after);
}

static char *slurp(size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY);
    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    char *data = malloc((size_t)st.st_size + 1);
    assert_int_equal(read(fd, data, (size_t)st.st_size), st.st_size);
    close(fd);
    *size = (size_t)st.st_size;
    return data;
}

static void write_file(const char *data, size_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, size), size);
    close(fd);
}

static void check_ignored(const char *why)
{
    struct fx_error err = FX_ERROR_INIT;
    struct whois_table table;
    size_t count;
    make_table(&table, 100);
    assert_true(whois_cache_load(folder, &table, &lifetimes, &count, &err) < 0);
    assert_int_equal(table.count, 0);
    if (!strstr(err.message, why) || !strstr(err.message, path))
        fail_msg("%s", err.message);
    whois_table_fini(&table);
}

/* A file from somebody else. Its checksum is right, but no answer would have left such names. */
static void names_that_no_answer_gives(void **unused)
{
    (void)unused;
    struct whois_table before, after;
    make_table(&before, 100);
    add(&before, 1, "\x1b[31mRED\x1b[0m", 500000);
    add(&before, 2, "TITLE \x1b]0;owned\x07", 500000);
    add(&before, 3,
        "\xc2\x9b"
        "2J",
        500000);
    add(&before, 4,
        "exe.\xe2\x80\xae"
        "gpj",
        500000);
    add(&before, 5, "\xff", 500000);
    add(&before, 6, " SPACE", 500000);
    add(&before, 7, "GOOD - Name, US", 500000);
    save(&before);
    load(&after, 1);
    assert_string_equal(entry_of(&after, 7)->kept, "GOOD - Name, US");
    whois_table_fini(&before);
    whois_table_fini(&after);
}

/* A file cut off anywhere, or with any bit changed, is never used and never fatal. */
static void damaged_files_are_ignored(void **unused)
{
    (void)unused;
    struct whois_table table;
    make_table(&table, 100);
    add(&table, 15169, "GOOGLE - Google LLC, US", 500000);
    add(&table, 99, "", 40000);
    save(&table);
    whois_table_fini(&table);
    size_t size;
    char *whole = slurp(&size);
    for (size_t cut = 0; cut < size; cut++) {
        write_file(whole, cut);
        check_ignored("is not used");
    }
    for (size_t bit = 0; bit < size * 8; bit += 3) {
        whole[bit / 8] ^= (char)(1 << bit % 8);
        write_file(whole, size);
        check_ignored("is not used");
        whole[bit / 8] ^= (char)(1 << bit % 8);
    }
    write_file("flow-exporter whois cache 2\n", 28);
    check_ignored("kind or version");
    write_file(whole, size);
    load(&table, 2);
    whois_table_fini(&table);
    free(whole);
}

static void a_fault_costs_only_the_saving(void **unused)
{
    (void)unused;
    struct whois_table table;
    struct fx_error err = FX_ERROR_INIT;
    size_t count;
    make_table(&table, 100);
    add(&table, 15169, "GOOGLE", 500000);
    save(&table);
    /* A folder is in the way of the temporary file; then there is no folder at all. */
    char temporary[80];
    snprintf(temporary, sizeof(temporary), "%s.new", path);
    assert_int_equal(mkdir(temporary, 0700), 0);
    assert_int_equal(whois_cache_save(folder, &table, &err), FX_EIO);
    assert_non_null(strstr(err.message, path));
    assert_int_equal(rmdir(temporary), 0);
    assert_int_equal(whois_cache_save("/no/such/folder", &table, &err), FX_EIO);
    assert_int_equal(whois_cache_load("/no/such/folder", &table, &lifetimes, &count, &err), 0);
    whois_table_fini(&table);
    load(&table, 1);
    whois_table_fini(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_back),       cmocka_unit_test(many_names_in_slices),
        cmocka_unit_test(names_that_no_answer_gives),    cmocka_unit_test(damaged_files_are_ignored),
        cmocka_unit_test(a_fault_costs_only_the_saving),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
