/* Names files: the extract with its damaged lines, and files that are no names files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "plugins/resolver-whois/names/name.h"
#include "plugins/resolver-whois/names/names.h"

#define NAMES_FILE TEST_DATA_DIR "/asn-names.txt"

/* Compares the names from these files, which are shown without their country. */
static void load(struct whois_names *names, const char *const *paths, size_t count)
{
    struct fx_list list = {count, paths};
    assert_int_equal(whois_names_init(names, &list), 0);
    for (size_t i = 0; i < count; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct whois_names_file *file = whois_names_file_read(paths[i], &err);
        if (!file)
            fail_msg("%s", err.message);
        whois_names_file_free(whois_names_replace(names, i, file));
    }
}

static void check_style(const struct whois_names *names, uint64_t number, struct whois_style style,
                        const char *expected)
{
    const char *kept = whois_names_find(names, number);
    char text[WHOIS_NAME_MAX + 1];
    if (!expected) {
        assert_null(kept);
        return;
    }
    assert_non_null(kept);
    text[whois_name_format(&style, kept, strlen(kept), text)] = '\0';
    assert_string_equal(text, expected);
}

static void check_name(const struct whois_names *names, uint64_t number, const char *expected)
{
    check_style(names, number, (struct whois_style){.keep_country = false}, expected);
}

static void write_file(char *path, const char *text, size_t size)
{
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, size), size);
    close(fd);
}

/* Loads a file with this text. The file is gone once it has been read. */
static void load_text(struct whois_names *names, const char *text, size_t size, size_t bad_lines)
{
    char path[] = "/tmp/test-whois-names-XXXXXX";
    write_file(path, text, size);
    load(names, (const char *[]){path}, 1);
    unlink(path);
    assert_int_equal(names->watches[0].file->bad_lines, bad_lines);
}

static void real_lines(void **unused)
{
    (void)unused;
    struct whois_names names;
    load(&names, (const char *[]){NAMES_FILE}, 1);
    assert_int_equal(names.watches[0].file->bad_lines, 6);
    assert_int_equal(whois_names_count(&names), 318);
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
    load(&names, (const char *[]){NAMES_FILE}, 1);
    check_name(&names, 202948, NULL);
    check_name(&names, 4200000100,
               "LATIN-1 Caf\xc3\xa9 Stra\xc3\x9f"
               "e");
    check_name(&names, 4200000101, "SPACES - no tab");
    check_name(&names, 4200000102, "NO-COUNTRY");
    check_name(&names, 4200000103, NULL);
    check_name(&names, 4200000104, NULL);
    check_name(&names, 4200000105, "CONTROLS");
    check_name(&names, 99999999999, NULL);
    check_name(&names, UINT32_MAX, NULL);
    whois_names_fini(&names);
}

static void styles(void **unused)
{
    (void)unused;
    const struct whois_style keep = {.keep_country = true}, handle = {.is_short = true},
                             both = {.keep_country = true, .is_short = true};
    static const char text[] =
        "3333\tRIPE-NCC-AS Reseaux IP Europeens, nl\n7\tUK Defence Research Agency, GB\n8\tX, US\n";
    struct whois_names names;
    load(&names, (const char *[]){NAMES_FILE}, 1);
    check_style(&names, 397143, keep, "NEPTUNE-NETWORKS - Neptune Networks, US");
    check_style(&names, 397143, handle, "NEPTUNE-NETWORKS");
    check_style(&names, 397143, both, "NEPTUNE-NETWORKS, US");
    check_style(&names, 4200000103, keep, NULL);
    check_style(&names, 4200000102, keep, "NO-COUNTRY");
    whois_names_fini(&names);
    load_text(&names, text, sizeof(text) - 1, 0);
    check_style(&names, 3333, handle, "RIPE-NCC-AS");
    check_style(&names, 3333, keep, "RIPE-NCC-AS Reseaux IP Europeens, NL");
    check_style(&names, 7, handle, "UK Defence Research Agency");
    check_style(&names, 8, handle, "X");
    whois_names_fini(&names);
}

static void countries(void **unused)
{
    (void)unused;
    char country[2];
    assert_true(whois_name_country("GOOGLE, us", 10, country));
    assert_memory_equal(country, "US", 2);
    assert_true(whois_name_country("X,DE", 4, country));
    assert_memory_equal(country, "DE", 2);
    static const char *const none[] = {"", "US", "GOOGLE", "GOOGLE,", "GOOGLE, Inc", "A, 1B"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_false(whois_name_country(none[i], strlen(none[i]), country));
}

static void ripes_layout_in_latin1(void **unused)
{
    (void)unused;
    static const char text[] = "AS1           LVLT-1 - Level 3\r\nAS3333        RIPE-NCC-AS R\xe9seaux IP, NL\n"
                               "AS1877        \xd6stra \xc3\x85 AB, SE\n";
    struct whois_names names;
    load_text(&names, text, sizeof(text) - 1, 0);
    check_name(&names, 1, "LVLT-1 - Level 3");
    check_name(&names, 3333, "RIPE-NCC-AS R\xc3\xa9seaux IP");
    check_name(&names, 1877, "\xc3\x96stra \xc3\x85 AB");
    whois_names_fini(&names);
}

static void arins_layout_with_header_and_ranges(void **unused)
{
    (void)unused;
    struct whois_names names;
    load(&names, (const char *[]){TEST_DATA_DIR "/asn-arin.txt"}, 1);
    assert_int_equal(names.watches[0].file->bad_lines, 0);
    check_name(&names, 0, "IANA-RSVD-0");
    check_name(&names, 1, "LVLT-1");
    check_name(&names, 199, "LVLT-199-203");
    check_name(&names, 203, "LVLT-199-203");
    check_name(&names, 204, NULL);
    check_name(&names, 320, "DNIC-ASBLK-00306-00371");
    check_name(&names, 397200, "ONE-OF-MANY");
    check_name(&names, 397213, NULL);
    whois_names_fini(&names);
}

static void narrow_ranges_and_numbers_win(void **unused)
{
    (void)unused;
    static const char text[] = "100-1000\tWIDE\n200-300\tMIDDLE\n250\tONE\n240-260\tNARROW\n240-260\tLATER\n"
                               "4294967290-4294967295\tEND\n5-4\tBACKWARDS\n1-99999999999\tBEYOND\n7-\tHALF\n";
    struct whois_names names;
    load_text(&names, text, sizeof(text) - 1, 3);
    static const struct {
        uint64_t number;
        const char *name;
    } cases[] = {{99, NULL},     {100, "WIDE"}, {199, "WIDE"},      {200, "MIDDLE"},     {239, "MIDDLE"},
                 {240, "LATER"}, {250, "ONE"},  {260, "LATER"},     {261, "MIDDLE"},     {301, "WIDE"},
                 {1000, "WIDE"}, {1001, NULL},  {4294967289, NULL}, {4294967295, "END"}, {4294967296, NULL}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        check_name(&names, cases[i].number, cases[i].name);
    whois_names_fini(&names);
}

static void later_file_wins(void **unused)
{
    (void)unused;
    char path[] = "/tmp/test-whois-names-XXXXXX";
    static const char text[] = "15169\tfirst, US\n#1\tcomment\n\n\r\n15169 \tMINE, ZZ\n4294967295\tLAST\n3-20\tRANGE";
    write_file(path, text, sizeof(text) - 1);
    struct whois_names names;
    load(&names, (const char *[]){NAMES_FILE, path}, 2);
    unlink(path);
    assert_int_equal(names.watches[1].file->bad_lines, 0);
    check_name(&names, 15169, "MINE");
    check_name(&names, 3, "RANGE");
    check_name(&names, 4294967295, "LAST");
    check_name(&names, 397143, "NEPTUNE-NETWORKS - Neptune Networks");
    whois_names_fini(&names);
}

static void nothing_and_nonsense(void **unused)
{
    (void)unused;
    static const char bytes[] =
        "12\tA NAME\n\0\0\xff\n15169\0NAME\n12\n4294967296\tA\n18446744073709551617\tB\n-5\tC\nAS\tD";
    struct whois_names names;
    load_text(&names, "", 0, 0);
    assert_int_equal(whois_names_count(&names), 0);
    whois_names_fini(&names);
    load_text(&names, bytes, sizeof(bytes) - 1, 7);
    assert_int_equal(whois_names_count(&names), 1);
    whois_names_fini(&names);
}

static void other_layouts(void **unused)
{
    (void)unused;
    struct whois_names names;
    static const char csv[] =
        "\xef\xbb\xbf"
        "asn,name,class,cc\r\nAS1,\"Level 3 Parent, LLC\",Carrier,US\r\nAS2,Plain,,\r\n3,\"He said \"\"x\"\"\"\n"
        "\"AS4\",\"Four\",\"Eyeball\",\"nl\"\nAS5,,Unknown,ZZ\nAS6,Six,,DE\nAS7\nAS8x,Bad\n"
        "AS9,Nine, Inc.,x\nASx,y\n";
    load_text(&names, csv, sizeof csv - 1, 4);
    check_name(&names, 1, "Level 3 Parent, LLC");
    check_style(&names, 1, (struct whois_style){.keep_country = true}, "Level 3 Parent, LLC, US");
    check_name(&names, 2, "Plain");
    check_name(&names, 3, "He said \"x\"");
    check_style(&names, 4, (struct whois_style){.keep_country = true}, "Four, NL");
    check_name(&names, 5, NULL);
    check_style(&names, 6, (struct whois_style){.keep_country = true}, "Six, DE");
    check_name(&names, 9, "Nine");
    whois_names_fini(&names);

    static const char geolite[] = "network,autonomous_system_number,autonomous_system_organization\n"
                                  "1.0.0.0/24,13335,CLOUDFLARENET\n2001:200::/32,2500,\"WIDE Project, Keio\"\n";
    load_text(&names, geolite, sizeof geolite - 1, 0);
    check_name(&names, 13335, "CLOUDFLARENET");
    check_name(&names, 2500, "WIDE Project, Keio");
    whois_names_fini(&names);

    static const char cymru[] =
        "Bulk mode; whois.cymru.com [2026-01-01 00:00:00 +0000]\n"
        "AS      | CC | Registry | Allocated  | AS Name\n"
        "15169   | US | arin     | 2000-03-30 | GOOGLE - Google LLC, US\n"
        "64500   | NA | NA       | NA         | NA\n10      | US | arin     | 1984-01-01 | Foo | Bar, US\r\n"
        "Error: no ASN or IP match on line 5.\n";
    load_text(&names, cymru, sizeof cymru - 1, 2);
    check_name(&names, 15169, "GOOGLE - Google LLC");
    check_name(&names, 64500, NULL);
    check_name(&names, 10, "Foo | Bar");
    whois_names_fini(&names);

    static const char html[] =
        "<html><body><pre>\n<a href=\"/cgi-bin/as-report?as=AS1&view=2.0\">AS1    </a> LVLT-1 - A &amp; B, US\n"
        "<a href=\"x\">text</a> no\n</pre>\n";
    load_text(&names, html, sizeof html - 1, 2);
    check_name(&names, 1, "LVLT-1 - A & B");
    whois_names_fini(&names);
}

static void nothing_is_understood(void **unused)
{
    (void)unused;
    char path[] = "/tmp/test-whois-names-XXXXXX";
    struct fx_error err = FX_ERROR_INIT;
    write_file(path, "name;number\nGoogle;15169\n", 25);
    assert_null(whois_names_file_read(path, &err));
    assert_non_null(strstr(err.message, "No line of the names file"));
    unlink(path);
}

static void check_refused(const char *path, int code)
{
    struct fx_error err = FX_ERROR_INIT;
    assert_null(whois_names_file_read(path, &err));
    assert_int_equal(err.code, code);
    assert_non_null(strstr(err.message, path));
}

static void not_a_file(void **unused)
{
    (void)unused;
    char fifo[] = "/tmp/test-whois-names-XXXXXX";
    check_refused(TEST_DATA_DIR "/no-such-file", FX_EIO);
    check_refused(TEST_DATA_DIR, FX_EIO);
    check_refused("/dev/zero", FX_EIO);
    write_file(fifo, "", 0);
    unlink(fifo);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    check_refused(fifo, FX_EIO); /* without waiting for a writer */
    unlink(fifo);
}

/* A changed file must be quiet for one look before it is read again. A file that is gone counts as no change. */
static void changes_are_seen(void **unused)
{
    (void)unused;
    char path[] = "/tmp/test-whois-names-XXXXXX";
    struct whois_names names;
    struct fx_error err = FX_ERROR_INIT;
    write_file(path, "1\tONE\n", 6);
    load(&names, (const char *[]){path}, 1);
    assert_false(whois_names_changed(&names, 0));
    int fd = open(path, O_WRONLY | O_APPEND);
    assert_int_equal(write(fd, "2\tTWO\n", 6), 6);
    assert_false(whois_names_changed(&names, 0));
    assert_int_equal(write(fd, "3\tTHREE\n", 8), 8);
    close(fd);
    assert_false(whois_names_changed(&names, 0));
    assert_true(whois_names_changed(&names, 0));
    whois_names_file_free(whois_names_replace(&names, 0, whois_names_file_read(path, &err)));
    assert_false(whois_names_changed(&names, 0));
    check_name(&names, 3, "THREE");
    unlink(path);
    assert_false(whois_names_changed(&names, 0));
    whois_names_fini(&names);
}

static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/*
 * As many names as in the real list, of the same shape, within the time allowed for the real list. Sanitizers only
 * look.
 */
static void many_names_are_read_quickly(void **unused)
{
    (void)unused;
    enum { COUNT = 79411 };
    char path[] = "/tmp/test-whois-names-XXXXXX";
    int fd = mkstemp(path);
    FILE *out = fdopen(fd, "w");
    assert_non_null(out);
    for (unsigned i = 0; i < COUNT; i++)
        fprintf(out, "%u\tNAME-OF-%u-AS - A company of some length %u, LTD., %s\n", i * 3, i, i % 977,
                i % 2 ? "US" : "BR");
    fclose(out);
    double best_s = 1e9;
    for (int round = 0; round < 5; round++) {
        struct fx_error err = FX_ERROR_INIT;
        double begin_s = cpu_s();
        struct whois_names_file *file = whois_names_file_read(path, &err);
        double taken_s = cpu_s() - begin_s;
        assert_non_null(file);
        assert_int_equal(whois_names_file_count(file), COUNT);
        whois_names_file_free(file);
        best_s = taken_s < best_s ? taken_s : best_s;
    }
    unlink(path);
    print_message("%d names took %.1f ms\n", COUNT, best_s * 1000);
    assert_true(best_s < 0.1 || getenv("FX_TEST_CASES"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(real_lines),
        cmocka_unit_test(other_layouts),
        cmocka_unit_test(nothing_is_understood),
        cmocka_unit_test(damaged_lines),
        cmocka_unit_test(styles),
        cmocka_unit_test(countries),
        cmocka_unit_test(ripes_layout_in_latin1),
        cmocka_unit_test(arins_layout_with_header_and_ranges),
        cmocka_unit_test(narrow_ranges_and_numbers_win),
        cmocka_unit_test(later_file_wins),
        cmocka_unit_test(nothing_and_nonsense),
        cmocka_unit_test(not_a_file),
        cmocka_unit_test(changes_are_seen),
        cmocka_unit_test(many_names_are_read_quickly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
