/* Foreign text, on a terminal and in the log: no control character in it takes effect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/secret.h"
#include "log/line.h"
#include "util/clean.h"

static void check(const char *text, size_t size, const char *expected)
{
    struct fxi_str out = {0};
    fxi_clean_add(&out, text, size);
    assert_string_equal(out.data ? out.data : "", expected);
    fxi_str_fini(&out);
}

static void harmful_is_escaped(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "plain text, \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\x1b[31mred\x1b]0;title\x07", "\\x1b[31mred\\x1b]0;title\\x07"},
        {"a\r\n\tb\x7f", "a\\x0d\\x0a\\x09b\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\u009b31m"}, /* CSI as one character */
        {"\x9b"
         "31m",
         "\\x9b31m"},                              /* CSI as one byte */
        {"exe.\xe2\x80\xaegpj", "exe.\\u202egpj"}, /* right-to-left text */
        {"\xe2\x81\xa6x\xe2\x81\xa9", "\\u2066x\\u2069"},
        {"\xe2\x80\xa8\xef\xbb\xbf\xd8\x9c", "\\u2028\\ufeff\\u061c"},
        {"\xf3\xa0\x81\x81", "\\ue0041"}, /* an invisible tag character */
        {"cut \xe2\x82", "cut \\xe2\\x82"},
        {"\xc0\x9b\xed\xa0\x80", "\\xc0\\x9b\\xed\\xa0\\x80"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check(cases[i].text, strlen(cases[i].text), cases[i].expected);
    check("a\0b", 3, "a\\x00b");
}

static void check_line_of(enum fxi_log_format format, const char *pairs, size_t size, const char *expected)
{
    struct fxi_str out = {0};
    fxi_log_line(&out, format, "T", FX_LOG_INFO, NULL, "S.", pairs, size);
    assert_string_equal(out.data, expected);
    fxi_str_fini(&out);
}

static void check_line(enum fxi_log_format format, const char *pairs, const char *expected)
{
    check_line_of(format, pairs, strlen(pairs), expected);
}

static void lines_of_the_log(void **unused)
{
    (void)unused;
    static const char pairs[] = "a=\xc2\x9b"
                                "31m\0"
                                "b=\xff";
    check_line_of(FXI_LOG_TEXT, pairs, sizeof pairs - 1, "T info  S. a=\"\\u009b31m\" b=\"\\u00ff\"\n");
    check_line(FXI_LOG_TEXT, "a=\xe2\x80\xae", "T info  S. a=\"\\u202e\"\n");
    check_line(FXI_LOG_TEXT, "a=\xc3\xa4", "T info  S. a=\xc3\xa4\n");
    check_line(FXI_LOG_JSON, "a=\x1b[0m\xff\xf3\xa0\x81\x81",
               "{\"time\":\"T\",\"level\":\"info\",\"message\":\"S.\",\"a\":\"\\u001b[0m\\u00ff\\udb40\\udc41\"}\n");
}

static void users_in_urls(void **unused)
{
    (void)unused;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"https://bob:pw@host/path", "https://********@host/path"},
        {"https://token@host", "https://********@host"},
        {"a://u:p@h,b://v:q@i x", "a://********@h,b://********@i x"},
        {"https://host/path@x", "https://host/path@x"},
        {"http://u:p@ss@host:1", "http://********@host:1"},
        {"bob@host", "bob@host"},
        {"://@", "://@"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char shown[128];
        assert_string_equal(fxi_secret_mask_urls(cases[i].text, shown, sizeof shown), cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harmful_is_escaped),
        cmocka_unit_test(lines_of_the_log),
        cmocka_unit_test(users_in_urls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
