/* Names files: the extract with its damaged lines, and files that are no names files at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "plugins/resolver-whois/names_file.h"

#define NAMES_FILE TEST_DATA_DIR "/asn-names.txt"

static void load(struct whois_names *names, const char *path, size_t expected_bad_lines)
{
    struct fx_error err = FX_ERROR_INIT;
    size_t bad_lines = 0;
    if (whois_names_load(names, path, &bad_lines, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(bad_lines, expected_bad_lines);
}

static void check_name(const struct whois_names *names, uint64_t number, const char *expected)
{
    const char *name = whois_names_find(names, number);
    if (!expected)
        assert_null(name);
    else if (!name || strcmp(name, expected) != 0)
        fail_msg("AS %llu is '%s' instead of '%s'", (unsigned long long)number, name ? name : "(none)", expected);
}

static void write_file(char *path, const char *text, size_t size)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

static void real_lines(void **unused)
{
    (void)unused;
    struct whois_names names;
    assert_int_equal(whois_names_init(&names, true), 0);
    load(&names, NAMES_FILE, 6);
    assert_int_equal(names.by_number.count, 318);
    check_name(&names, 0, "-Reserved AS-");
    check_name(&names, 15169, "GOOGLE - Google Inc.");
    check_name(&names, 397143, "NEPTUNE-NETWORKS - Neptune Networks");
    check_name(&names, 10318, "CABLEVISION S.A.");
    check_name(&names, 19399, "SLLNET");
    check_name(&names, 1279, "MCDOUGLAS-AS McDonnell Douglas Information Systems International");
    check_name(&names, 135336,
               "YUAN-DIAN-AS \xe5\x8e\x9f\xe9\xbb\x9e\xe7\xb6\xb2\xe8\xb7\xaf YUAN DIAN CO., LTD (ONEWORLD)");
    check_name(&names, 15170, NULL);
    whois_names_fini(&names);
}

static void damaged_lines(void **unused)
{
    (void)unused;
    struct whois_names names;
    assert_int_equal(whois_names_init(&names, true), 0);
    load(&names, NAMES_FILE, 6);
    check_name(&names, 202948, NULL);
    check_name(&names, 4200000100, "LATIN-1 Caf Strae");
    check_name(&names, 4200000101, "SPACES - no tab");
    check_name(&names, 4200000102, "NO-COUNTRY");
    check_name(&names, 4200000103, NULL);
    check_name(&names, 4200000104, NULL);
    check_name(&names, 4200000105, "CONTROLS");
    check_name(&names, 4200000106, "TRUNC");
    check_name(&names, 4200000107, "OVERLONG    END");
    check_name(&names, 99999999999, NULL);
    check_name(&names, UINT32_MAX, NULL);
    whois_names_fini(&names);
}

static void country_can_be_kept(void **unused)
{
    (void)unused;
    struct whois_names names;
    assert_int_equal(whois_names_init(&names, false), 0);
    load(&names, NAMES_FILE, 6);
    check_name(&names, 397143, "NEPTUNE-NETWORKS - Neptune Networks, US");
    check_name(&names, 4200000103, NULL);
    whois_names_fini(&names);
}

static void later_file_wins(void **unused)
{
    (void)unused;
    char path[] = "/tmp/test-whois-names-XXXXXX";
    static const char text[] = "15169\tfirst, US\n#1\tcomment\n\n\r\n15169 \tMINE, ZZ\n4294967295\tLAST";
    write_file(path, text, sizeof(text) - 1);
    struct whois_names names;
    assert_int_equal(whois_names_init(&names, true), 0);
    load(&names, NAMES_FILE, 6);
    load(&names, path, 0);
    unlink(path);
    check_name(&names, 15169, "MINE");
    check_name(&names, 4294967295, "LAST");
    check_name(&names, 397143, "NEPTUNE-NETWORKS - Neptune Networks");
    whois_names_fini(&names);
}

static void nothing_and_nonsense(void **unused)
{
    (void)unused;
    char empty[] = "/tmp/test-whois-names-XXXXXX", binary[] = "/tmp/test-whois-names-XXXXXX";
    static const char bytes[] = "\0\0\xff\n15169\0NAME\n12\n4294967296\tA\n18446744073709551617\tB\n-5\tC";
    write_file(empty, "", 0);
    write_file(binary, bytes, sizeof(bytes) - 1);
    struct whois_names names;
    assert_int_equal(whois_names_init(&names, true), 0);
    load(&names, empty, 0);
    load(&names, binary, 6);
    assert_int_equal(names.by_number.count, 0);
    unlink(empty);
    unlink(binary);
    whois_names_fini(&names);
}

static void check_refused(const char *path, int code)
{
    struct whois_names names;
    struct fx_error err = FX_ERROR_INIT;
    size_t bad_lines = 0;
    assert_int_equal(whois_names_init(&names, true), 0);
    assert_int_equal(whois_names_load(&names, path, &bad_lines, &err), code);
    assert_non_null(strstr(err.message, path));
    whois_names_fini(&names);
}

static void not_a_file(void **unused)
{
    (void)unused;
    char fifo[] = "/tmp/test-whois-names-XXXXXX";
    check_refused(TEST_DATA_DIR "/no-such-file", FX_EIO);
    check_refused(TEST_DATA_DIR, FX_EINVAL);
    check_refused("/dev/zero", FX_EINVAL);
    write_file(fifo, "", 0);
    unlink(fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    check_refused(fifo, FX_EINVAL); /* and does not wait for a writer */
    unlink(fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_lines),           cmocka_unit_test(damaged_lines),
        cmocka_unit_test(country_can_be_kept),  cmocka_unit_test(later_file_wins),
        cmocka_unit_test(nothing_and_nonsense), cmocka_unit_test(not_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
