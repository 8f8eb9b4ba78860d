/* Which format a request prefers, by Accept and Accept-Encoding with their quality values. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plugins/output-prometheus/metric/accept_header.h"

#define OPEN "application/openmetrics-text"

static void formats(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum prom_format format;
    } cases[] = {
        {NULL, PROM_TEXT},
        {"", PROM_TEXT},
        {"*/*", PROM_TEXT},
        {"text/plain", PROM_TEXT},
        {OPEN, PROM_OPENMETRICS},
        {"Application/OpenMetrics-Text ; Version=1.0.0 ; Charset=UTF-8", PROM_OPENMETRICS},
        {OPEN "; version=\"1.0.0\"", PROM_OPENMETRICS},
        {OPEN "; version=0.0.1", PROM_TEXT},
        {OPEN "; version=2.0.0", PROM_TEXT},
        {OPEN "; charset=latin1", PROM_TEXT},
        {OPEN "; x=y", PROM_TEXT},
        /* Prometheus 2.42, 2.55 and 3.5 */
        {OPEN ";version=1.0.0," OPEN ";version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
         PROM_OPENMETRICS},
        {OPEN ";version=1.0.0;q=0.5," OPEN ";version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         PROM_OPENMETRICS},
        {OPEN ";version=1.0.0;escaping=allow-utf-8;q=0.6," OPEN ";version=0.0.1;q=0.5,"
              "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         PROM_OPENMETRICS},
        {"text/plain;version=0.0.4;q=0.6,*/*;q=0.5", PROM_TEXT},
        {"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", PROM_TEXT},
        /* a browser */
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", PROM_TEXT},
        {OPEN ";q=0.5,text/plain;q=0.3", PROM_OPENMETRICS},
        {OPEN ";q=0.3,text/plain;q=0.5", PROM_TEXT},
        {OPEN ";q=0.501,text/plain;q=0.5", PROM_OPENMETRICS},
        {OPEN ";q=0,text/plain;q=0", PROM_TEXT},
        {OPEN ";q=0", PROM_TEXT},
        {OPEN ";q=0,*/*", PROM_TEXT},
        {"text/plain;q=0,*/*;q=0.1", PROM_OPENMETRICS},
        {"text/*;q=0,*/*;q=0.1", PROM_OPENMETRICS},
        {"*/*;q=0," OPEN ";q=0.1", PROM_OPENMETRICS},
        {"application/*", PROM_OPENMETRICS},
        {"application/*;q=0.5,text/*;q=0.6", PROM_TEXT},
        /* Equal weights: the more specific range wins, then the first, then text. */
        {OPEN ",*/*", PROM_OPENMETRICS},
        {"text/plain,*/*", PROM_TEXT},
        {OPEN ",text/plain", PROM_OPENMETRICS},
        {"text/plain," OPEN, PROM_TEXT},
        {"text/plain," OPEN ";version=1.0.0", PROM_OPENMETRICS},
        {"text/*,application/*", PROM_TEXT},
        /* A range with parameters outranks one without parameters, wherever it stands. */
        {OPEN ";q=0.9," OPEN ";version=1.0.0;q=0.1,text/plain;q=0.5", PROM_TEXT},
        {OPEN ";version=1.0.0;q=0.1," OPEN ";q=0.9,text/plain;q=0.5", PROM_TEXT},
        /* Whatever follows the weight is ignored. A separator in quotes separates nothing. */
        {OPEN ";q=0.5;version=9,text/plain;q=0.4", PROM_OPENMETRICS},
        {OPEN ";x=\"a,b;q=0\",text/plain;q=0.1", PROM_TEXT},
        {OPEN ";version=\"1.0.0", PROM_TEXT},
        /* Nonsense. */
        {",,;,;;,/,*/,*/plain,text/;q,=,\"", PROM_TEXT},
        {OPEN ";q=x,text/plain;q=0.9", PROM_OPENMETRICS},
        {OPEN ";q=", PROM_OPENMETRICS},
        {"openmetrics-text", PROM_TEXT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (prom_accept_format(cases[i].header) != cases[i].format)
            fail_msg("Accept: %s", cases[i].header);
}

static void codings(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum prom_coding coding;
    } cases[] = {
        {NULL, PROM_IDENTITY},
        {"", PROM_IDENTITY},
        {"gzip", PROM_GZIP},
        {"GZIP", PROM_GZIP},
        {"x-gzip", PROM_GZIP},
        {"zstd", PROM_ZSTD},
        {"gzip, zstd", PROM_ZSTD},
        {"gzip, deflate, br, zstd", PROM_ZSTD},
        {"gzip;q=1.0, zstd;q=0.5", PROM_GZIP},
        {"gzip;q=0.5, zstd;q=0.6, identity;q=0.7", PROM_IDENTITY},
        {"zstd;q=0, gzip", PROM_GZIP},
        {"deflate, gzip;q=1.0, *;q=0.5", PROM_GZIP},
        {"deflate, gzip;q=0.3, *;q=0.5", PROM_ZSTD},
        {"gzip;q=0", PROM_IDENTITY},
        {"gzip;q=0.000", PROM_IDENTITY},
        {"gzip; q=0.001", PROM_GZIP},
        {"gzip ;\tq=0", PROM_IDENTITY},
        {"gzip;Q=0", PROM_IDENTITY},
        {"identity, gzip;q=0.5", PROM_IDENTITY},
        {"identity;q=0.4,gzip;q=0.5", PROM_GZIP},
        {"identity;q=0.5,gzip;q=0.5", PROM_GZIP},
        {"*", PROM_ZSTD},
        {"*;q=0", PROM_IDENTITY},
        {"*, zstd;q=0", PROM_GZIP},
        {"*;q=0, gzip", PROM_GZIP},
        {"br", PROM_IDENTITY},
        {"gzipped", PROM_IDENTITY},
        {"gzi", PROM_IDENTITY},
        {",,,gzip,", PROM_GZIP},
        {"gzip;q=x", PROM_GZIP},
        {"gzip;", PROM_GZIP},
        {";q=1", PROM_IDENTITY},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (prom_accept_coding(cases[i].header) != cases[i].coding)
            fail_msg("Accept-Encoding: %s", cases[i].header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats),
        cmocka_unit_test(codings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
