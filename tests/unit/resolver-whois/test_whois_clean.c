/* Names are made fit for a label: valid UTF-8, nothing that prints badly, and without the country. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/resolver-whois/names/clean.h"

static void check_clean(const char *raw, size_t size, const char *expected)
{
    /* A block of exactly this size: sanitizers and valgrind notice a step beyond it. */
    char *text = malloc(size ? size : 1);
    assert_non_null(text);
    memcpy(text, raw, size);
    size_t clean = whois_clean(text, size);
    if (clean != strlen(expected) || memcmp(text, expected, clean) != 0)
        fail_msg("'%.*s' instead of '%s'", (int)clean, text, expected);
    free(text);
}

#define CLEAN(raw_, expected_) check_clean(raw_, sizeof(raw_) - 1, expected_)

static void whole_text_stays(void **unused)
{
    (void)unused;
    CLEAN("", "");
    CLEAN("NEPTUNE-NETWORKS - Neptune Networks, US", "NEPTUNE-NETWORKS - Neptune Networks, US");
    CLEAN("a  b", "a  b");
    CLEAN("Caf\xc3\xa9 \xe5\x8e\x9f \xf0\x9f\x90\xa7", "Caf\xc3\xa9 \xe5\x8e\x9f \xf0\x9f\x90\xa7");
    CLEAN("\xc2\x80\xc2\xa0|\xdf\xbf|\xe0\xa0\x80|\xed\x9f\xbf|\xee\x80\x80|\xf0\x90\x80\x80|\xf4\x8f\xbf\xbf",
          "\xc2\xa0|\xdf\xbf|\xe0\xa0\x80|\xed\x9f\xbf|\xee\x80\x80|\xf0\x90\x80\x80|\xf4\x8f\xbf\xbf");
}

static void white_space_goes(void **unused)
{
    (void)unused;
    CLEAN("  a b  ", "a b");
    CLEAN("\t a\tb \t", "a b");
    CLEAN(" \r\n", "");
    CLEAN(" \x01 a", "a");
}

static void control_characters_go(void **unused)
{
    (void)unused;
    CLEAN("a\x01"
          "b\x7f"
          "c\0d\r\n",
          "abcd");
    CLEAN("a\xc2\x85"
          "b\xc2\x9f\xc2\xa0",
          "ab\xc2\xa0");
}

static void bytes_that_are_not_utf8_go(void **unused)
{
    (void)unused;
    CLEAN("Caf\xe9 Stra\xdf"
          "e",
          "Caf Strae");
    CLEAN(
        "\x80\xbf|\xc0\xaf|\xc1\xbf|\xe0\x9f\xbf|\xed\xa0\x80|\xf0\x8f\xbf\xbf|\xf4\x90\x80\x80|\xf5\x80\x80\x80|\xff",
        "||||||||");
    CLEAN("a\xc3", "a");
    CLEAN("a\xe2\x82", "a");
    CLEAN("a\xf0\x9f\x90", "a");
    CLEAN("\xe2\x82"
          "a\xe2"
          "b",
          "ab");
    CLEAN("\xe2\xc3\xa9", "\xc3\xa9");
}

static void check_strip(const char *text, const char *expected)
{
    size_t size = whois_strip_country(text, strlen(text));
    if (size != strlen(expected) || memcmp(text, expected, size) != 0)
        fail_msg("'%s' became '%.*s' instead of '%s'", text, (int)size, text, expected);
}

static void country_goes(void **unused)
{
    (void)unused;
    check_strip("NEPTUNE-NETWORKS - Neptune Networks, US", "NEPTUNE-NETWORKS - Neptune Networks");
    check_strip("LVLT-1 - Level 3 Parent, LLC, US", "LVLT-1 - Level 3 Parent, LLC");
    check_strip("MCDOUGLAS-AS McDonnell Douglas,EU", "MCDOUGLAS-AS McDonnell Douglas");
    check_strip("SLLNET , na", "SLLNET");
    check_strip(", NL", "");
    check_strip(",NL", "");
    check_strip(",", "");
    check_strip("A, US, US", "A, US");
    check_strip("Comunica\xc3\xa7\xc3\xa3o Ltda.,,, BR", "Comunica\xc3\xa7\xc3\xa3o Ltda.");
    check_strip("A ,, ,NL", "A");
}

static void name_without_country_stays(void **unused)
{
    (void)unused;
    check_strip("", "");
    check_strip("US", "US");
    check_strip("A US", "A US");
    check_strip("Foo Co.,Ltd", "Foo Co.,Ltd");
    check_strip("Foo,co", "Foo,co");
    check_strip("Foo, Inc", "Foo, Inc");
    check_strip("Foo, 12", "Foo, 12");
    check_strip("Foo, U", "Foo, U");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_text_stays),      cmocka_unit_test(white_space_goes),
        cmocka_unit_test(control_characters_go), cmocka_unit_test(bytes_that_are_not_utf8_go),
        cmocka_unit_test(country_goes),          cmocka_unit_test(name_without_country_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
