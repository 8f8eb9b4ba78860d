/* The answers of every dialect as the format facts have them, and the queries of each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugins/resolver-whois/dialect/dialects.h"
#include "plugins/resolver-whois/base/lines.h"

/* What the reading of an answer gave, one line for each result. */
struct said {
    struct whois_reading reading;
    struct whois_lines lines;
    char text[4096];
    size_t size;
};

static void take(void *arg, enum whois_said kind, uint32_t number, const char *kept, size_t size)
{
    struct said *said = arg;
    static const char *const kinds[] = {"name", "unknown", "no match"};
    said->size += (size_t)snprintf(said->text + said->size, sizeof(said->text) - said->size, "%s %lu %.*s;",
                                   kinds[kind], (unsigned long)number, (int)size, kept);
}

static void take_line(void *arg, char *line, size_t size)
{
    struct said *said = arg;
    said->reading.dialect->read_line(&said->reading, line, size, said->lines.raw_size);
}

/* Reads an answer about these numbers; the list ends with 0. */
static struct said *read_answer(const struct whois_dialect *dialect, const uint32_t *numbers, const char *answer)
{
    static struct said said;
    size_t count = 0;
    while (numbers[count])
        count++;
    said.size = 0;
    said.text[0] = '\0';
    whois_reading_init(&said.reading, dialect, numbers, count);
    said.reading.take = take;
    said.reading.arg = &said;
    whois_lines_init(&said.lines);
    whois_lines_feed(&said.lines, answer, strlen(answer), take_line, &said);
    if (dialect->finish)
        dialect->finish(&said.reading);
    return &said;
}

#define NUMBERS(...) ((const uint32_t[]){__VA_ARGS__, 0})

static void check(const struct whois_dialect *dialect, const uint32_t *numbers, const char *answer,
                  const char *expected)
{
    struct said *said = read_answer(dialect, numbers, answer);
    assert_string_equal(said->text, expected);
}

static void cymru_rows(void **unused)
{
    (void)unused;
    static const struct {
        const char *row, *expected;
    } cases[] = {
        {"15169   | US | arin     | 2000-03-30 | GOOGLE - Google LLC, US", "name 15169 GOOGLE - Google LLC, US;"},
        {"4294967295|US|arin|2000-03-30|A", "name 4294967295 A;"},
        {"0 | | | | X | Y | Z  ", "name 0 X | Y | Z;"},
        {"64500   | NA | NA       | NA         | NA", "unknown 64500 ;"},
        {"64500   | NA | NA       | NA         |   ", "unknown 64500 ;"},
        {"64500   | NA | NA       | NA         |", "unknown 64500 ;"},
        {"14 | US | arin | 1984-01-01 | NAP", "name 14 NAP;"},
        {"5 | FR | ripencc | 1 | R\xe9seau, FR", "name 5 R\xc3\xa9seau, FR;"},
        {"Error: no ASN or IP match on line 3.", "no match 0 ;"},
        {"Bulk mode; whois.cymru.com [2026-01-01 00:00:00 +0000]", ""},
        {"AS      | CC | Registry | Allocated  | AS Name", ""},
        {"15169", ""},
        {"15169   | US | arin     | 2000-03-30", ""},
        {"15169 X | US | arin     | 2000-03-30 | GOOGLE", ""},
        {" 15169  | US | arin     | 2000-03-30 | GOOGLE", ""},
        {"-1      | US | arin     | 2000-03-30 | GOOGLE", ""},
        {"4294967296 | US | arin | 2000-03-30 | GOOGLE", ""},
        {"99999999999999999999999 | US | arin | 2000-03-30 | GOOGLE", ""},
        {"%ERROR:201: access denied", ""},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char line[256];
        snprintf(line, sizeof(line), "%s\n", cases[i].row);
        check(&whois_cymru, NUMBERS(15169), line, cases[i].expected);
    }
    assert_true(read_answer(&whois_cymru, NUMBERS(1), "Bulk mode; x\n")->reading.is_greeted);
    assert_true(read_answer(&whois_cymru, NUMBERS(1), "Error: too many queries\n")->reading.is_refused);
    assert_false(read_answer(&whois_cymru, NUMBERS(1), "1 | | | | RATE LIMIT EXCEEDED LTD\n")->reading.is_refused);
}

#define RIPE_HEAD "% This is the RIPE Database query service.\n% The objects are in RPSL format.\n\n"

static void rpsl_objects(void **unused)
{
    (void)unused;
    check(&whois_rpsl, NUMBERS(3333),
          RIPE_HEAD
          "aut-num:        AS3333\nas-name:        RIPE-NCC-AS\ndescr:          Reseaux IP Europeens\n"
          "descr:          second\norg:            ORG-RIEN1-RIPE\ncountry:        NL\nsource:         RIPE\n\n",
          "name 3333 RIPE-NCC-AS Reseaux IP Europeens, NL;");
    /* Neither the name of a block nor that of a person below is the name of an AS. */
    check(&whois_rpsl, NUMBERS(3333),
          RIPE_HEAD "as-block:       AS3209 - AS3353\ndescr:          RIPE NCC ASN block\nas-name:        BLOCK\n\n"
                    "aut-num:        AS3333\nas-name:        RIPE-NCC-AS\n\nperson:         X\ndescr:          Y\n",
          "name 3333 RIPE-NCC-AS;");
    check(&whois_rpsl, NUMBERS(3333), RIPE_HEAD "as-block: AS3209 - AS3353\nas-name: BLOCK\n\n", "");
    check(&whois_rpsl, NUMBERS(99), RIPE_HEAD "%ERROR:101: no entries found\n%\n% No entries found in source RIPE.\n\n",
          "unknown 99 ;");
    check(&whois_rpsl, NUMBERS(7), "% Transferred to the RIPE region on 2019-01-01\n", "unknown 7 ;");
    check(&whois_rpsl, NUMBERS(1), "aut-num: AS1\r\nas-name: CRLF\r\ndescr: Soci\xe9t\xe9\r\n\r\n",
          "name 1 CRLF Soci\xc3\xa9t\xc3\xa9;");
    check(&whois_rpsl, NUMBERS(1), "aut-num: AS1\ras-name: CR\r\r", "name 1 CR;");
    check(&whois_rpsl, NUMBERS(1), "aut-num: AS1\ndescr: only text\n\n", "name 1 only text;");
    check(&whois_rpsl, NUMBERS(1), "aut-num: AS1\nas-name:\n\n", "");
    check(&whois_rpsl, NUMBERS(1), "aut-num: AS1\nas-name: CUT", "");             /* half a line counts as none, */
    check(&whois_rpsl, NUMBERS(1), "aut-num: AS1\nas-name: CUT\ndescr: A\n", ""); /* and so does half an object */
    check(&whois_arin, NUMBERS(1), "ASNumber: 1\nASName: CUT\n\n", "");
    assert_true(read_answer(&whois_rpsl, NUMBERS(1), "aut-num: AS2\nas-name: WRONG\n\n")->reading.is_foreign);
    assert_string_equal(read_answer(&whois_rpsl, NUMBERS(1), "aut-num: AS2\nas-name: WRONG\n\n")->text, "");
    assert_true(read_answer(&whois_rpsl, NUMBERS(1), "%ERROR:201: access denied for 192.0.2.1\n")->reading.is_refused);
    assert_true(read_answer(&whois_rpsl, NUMBERS(1), "%ERROR:306: connections exceeded\n")->reading.is_refused);
}

static void arins_blocks(void **unused)
{
    (void)unused;
    static const char google[] = "\n#\n# ARIN WHOIS data\n#\n\nASNumber:       15169\nASName:         GOOGLE\n"
                                 "ASHandle:       AS15169\nRegDate:        2000-03-30\n\n\nOrgName:        Google LLC\n"
                                 "OrgId:          GOGL\nCountry:        US\n\nOrgTechName:    X\n";
    check(&whois_arin, NUMBERS(15169), google, "name 15169 GOOGLE - Google LLC, US;");
    check(&whois_arin, NUMBERS(397200), "ASNumber:  397193 - 397212\nASName: BLOCK\nOrgName: Org\n",
          "name 397200 BLOCK - Org;");
    check(&whois_arin, NUMBERS(9), "#\n\nNo match found for a 9.\n", "unknown 9 ;");
    struct said *said = read_answer(&whois_arin, NUMBERS(7),
                                    "ASNumber: 7\nASName: RIPE-ASNBLOCK-7\n\n"
                                    "ReferralServer:  whois://whois.ripe.net:4343\n");
    assert_string_equal(said->text, "");
    assert_string_equal(said->reading.referral, "whois.ripe.net:4343");
    assert_string_equal(read_answer(&whois_arin, NUMBERS(7), "ReferralServer: rwhois://x:4321\n")->reading.referral,
                        "");
}

static void lacnics_owner(void **unused)
{
    (void)unused;
    check(&whois_lacnic, NUMBERS(27699),
          "% Joint Whois - whois.lacnic.net\n\naut-num:     AS27699\nowner:       TELEF\xd4NICA BRASIL S.A\n"
          "responsible: X\ncountry:     BR\n\nnic-hdl:     ABC\nperson:      Y\ncountry:     AR\n",
          "name 27699 TELEF\xc3\x94NICA BRASIL S.A, BR;");
    check(&whois_lacnic, NUMBERS(5), "% No match for AS5\n", "unknown 5 ;");
    assert_true(read_answer(&whois_lacnic, NUMBERS(5), "% Query rate limit exceeded. Reduced information.\n")
                    ->reading.is_refused);
}

static void iana_refers(void **unused)
{
    (void)unused;
    struct said *said = read_answer(&whois_iana, NUMBERS(3333),
                                    "% IANA WHOIS server\n\nrefer:        whois.ripe.net\n\n"
                                    "as-block:     3154-3353\nwhois:        whois.other.net\n");
    assert_string_equal(said->reading.referral, "whois.ripe.net");
    assert_string_equal(said->text, "");
    assert_string_equal(read_answer(&whois_iana, NUMBERS(1), "whois: whois.arin.net\n")->reading.referral,
                        "whois.arin.net");
    assert_ptr_equal(whois_dialect_of_host("WHOIS.arin.net"), &whois_arin);
    assert_ptr_equal(whois_dialect_of_host("whois.lacnic.net"), &whois_lacnic);
    assert_ptr_equal(whois_dialect_of_host("whois.apnic.net"), &whois_rpsl);
    /* An unknown server may speak as ARIN does. */
    check(&whois_rpsl, NUMBERS(15169), "ASNumber: 15169\nASName: GOOGLE\nOrgName: Google LLC\n\n",
          "name 15169 GOOGLE Google LLC;");
}

#define GOOGLE_OBJECT "aut-num: AS15169\nas-name: GOOGLE\nA1\nC\n" /* with lines that look like frames */

static void irrd_frames(void **unused)
{
    (void)unused;
    char answer[512];
    snprintf(answer, sizeof(answer), "A%zu\n%sC\nD\nA%zu\naut-num: AS3\nas-name: MIT\nC\n", strlen(GOOGLE_OBJECT),
             GOOGLE_OBJECT, strlen("aut-num: AS3\nas-name: MIT\n"));
    check(&whois_irrd, NUMBERS(15169, 99, 3), answer, "name 15169 GOOGLE;unknown 99 ;name 3 MIT;");
    check(&whois_irrd, NUMBERS(1, 2), "C\nD\n", "unknown 1 ;unknown 2 ;");
    check(&whois_irrd, NUMBERS(1, 2), "F unrecognized command\nD\n", "unknown 2 ;");
    check(&whois_irrd, NUMBERS(1), "A99999999999999999999999\nD\n", "unknown 1 ;");
    check(&whois_irrd, NUMBERS(1), "A500\naut-num: AS1\nas-name: HALF\n", "");
    assert_true(read_answer(&whois_irrd, NUMBERS(1), "D\nD\n")->reading.is_foreign);
    assert_true(read_answer(&whois_irrd, NUMBERS(1), "A27\naut-num: AS2\nas-name: OTHER\nC\n")->reading.is_foreign);
    assert_true(read_answer(&whois_irrd, NUMBERS(1), "F rate limit exceeded\n")->reading.is_refused);
}

static void check_query(const struct whois_dialect *dialect, const char *flags, const uint32_t *numbers, size_t count,
                        const char *expected)
{
    struct whois_text text = {0};
    dialect->write_query(&text, flags, numbers, count);
    assert_int_equal(text.size, strlen(expected));
    assert_memory_equal(text.data, expected, text.size);
    whois_text_fini(&text);
}

static void queries(void **unused)
{
    (void)unused;
    static const uint32_t few[] = {15169, 3333, UINT32_MAX};
    check_query(&whois_cymru, NULL, few, 3, "begin\nverbose\nAS15169\nAS3333\nAS4294967295\nend\n");
    check_query(&whois_irrd, NULL, few, 2, "!!\n!maut-num,AS15169\n!maut-num,AS3333\n!q\n");
    check_query(&whois_rpsl, whois_rpsl.flags, few, 1, "-r -T aut-num AS15169\r\n");
    check_query(&whois_rpsl, "", few, 1, "AS15169\r\n");
    check_query(&whois_arin, whois_arin.flags, few, 1, "a 15169\r\n");
    check_query(&whois_lacnic, whois_lacnic.flags, few, 1, "AS15169\r\n");
    check_query(&whois_iana, whois_iana.flags, few, 1, "AS15169\r\n");

    enum { MANY = 100000 };
    static uint32_t many[MANY];
    struct whois_text text = {0};
    for (uint32_t i = 0; i < MANY; i++)
        many[i] = 100000 + i;
    whois_cymru.write_query(&text, NULL, many, MANY);
    assert_false(text.failed);
    assert_int_equal(text.size, strlen("begin\nverbose\nend\n") + MANY * strlen("AS123456\n"));
    whois_text_fini(&text);
}

static void the_lists_agree(void **unused)
{
    (void)unused;
    size_t count = 0;
    for (; whois_dialects[count]; count++)
        assert_string_equal(whois_dialect_names[count], whois_dialects[count]->name);
    assert_null(whois_dialect_names[count]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cymru_rows),    cmocka_unit_test(rpsl_objects),    cmocka_unit_test(arins_blocks),
        cmocka_unit_test(lacnics_owner), cmocka_unit_test(iana_refers),     cmocka_unit_test(irrd_frames),
        cmocka_unit_test(queries),       cmocka_unit_test(the_lists_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
