/* Options that hold addresses, prefixes, hosts with ports, times, paths, or maps of choices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"
#include "config/options.h"

struct sample {
    struct fx_address address;
    struct fx_prefix prefix;
    struct fx_host_port server;
    int64_t since;
    const char *file, *folder, *path;
    struct fx_choices kinds;
};

static const char *const kinds[] = {"counter", "gauge", NULL};
static const struct fx_option table[] = {
    {FX_OPTION(struct sample, address), .type = FX_OPT_ADDRESS, .help = "An address."},
    {FX_OPTION(struct sample, prefix), .type = FX_OPT_PREFIX, .help = "A prefix."},
    {FX_OPTION(struct sample, server), .type = FX_OPT_HOST_PORT, .help = "A server."},
    {FX_OPTION(struct sample, since), .type = FX_OPT_TIMESTAMP, .help = "A time."},
    {FX_OPTION(struct sample, file), .type = FX_OPT_PATH, .flags = FX_OPTION_READABLE, .help = "A file."},
    {FX_OPTION(struct sample, folder), .type = FX_OPT_PATH, .flags = FX_OPTION_FOLDER, .help = "A folder."},
    {FX_OPTION(struct sample, path), .type = FX_OPT_PATH, .help = "Any path."},
    {FX_OPTION(struct sample, kinds), .type = FX_OPT_CHOICES, .choices = kinds, .max = 2, .help = "Kinds."},
    {.key = NULL},
};

static int fill(const char *text, struct sample *sample, struct fx_error *err)
{
    memset(sample, 0, sizeof *sample);
    *err = (struct fx_error)FX_ERROR_INIT;
    struct fxi_document *document = fxi_yaml_read_text("f.yaml", text, strlen(text), err);
    if (!document)
        fail_msg("the test's own text is bad: %s: %s", text, err->message);
    int code = fxi_options_fill(table, "f.yaml", document->root, NULL, sample, err);
    fxi_document_free(document);
    return code;
}

static void take(const char *text, struct sample *sample)
{
    struct fx_error err;
    if (fill(text, sample, &err))
        fail_msg("%s: %s", text, err.message);
}

/* Checks that the text is refused at this line and column, with this phrase in the message. */
static void refuse(const char *text, unsigned line, unsigned column, const char *fragment)
{
    struct sample sample;
    struct fx_error err;
    if (!fill(text, &sample, &err))
        fail_msg("taken: %s", text);
    if (!strstr(err.message, fragment))
        fail_msg("%s: no '%s' in: %s", text, fragment, err.message);
    assert_int_equal(err.line, line);
    assert_int_equal(err.column, column);
}

static void table_is_sound(void **state)
{
    struct fx_error err = FX_ERROR_INIT;
    (void)state;
    assert_int_equal(fxi_options_check(table, sizeof(struct sample), &err), 0);
}

static void addresses(void **state)
{
    struct sample sample;
    (void)state;
    take("address: 192.0.2.1", &sample);
    assert_int_equal(sample.address.family, 4);
    assert_memory_equal(sample.address.bytes, "\xc0\x00\x02\x01\0\0\0\0\0\0\0\0\0\0\0", 16);
    take("address: '2001:db8::1'", &sample);
    assert_int_equal(sample.address.family, 6);
    assert_memory_equal(sample.address.bytes, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", 16);
    const char *const wrong[] = {"192.0.2", "192.0.2.256", "192.0.2.01.1", "example.net", "fe80::1%eth0", "''", "1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        snprintf(text, sizeof text, "address: %s", wrong[i]);
        refuse(text, 1, 10, "'address' must be an address such as");
    }
}

static void prefixes(void **state)
{
    struct sample sample;
    (void)state;
    take("prefix: 192.0.2.128/25", &sample);
    assert_int_equal(sample.prefix.length, 25);
    assert_int_equal(sample.prefix.address.bytes[3], 128);
    take("prefix: '2001:db8::/32'", &sample);
    assert_int_equal(sample.prefix.length, 32);
    take("prefix: 0.0.0.0/0", &sample);
    assert_int_equal(sample.prefix.length, 0);
    take("prefix: 192.0.2.1", &sample);
    assert_int_equal(sample.prefix.length, 32);
    take("prefix: '::1'", &sample);
    assert_int_equal(sample.prefix.length, 128);
    refuse("prefix: 192.0.2.1/24", 1, 9, "bits behind its length");
    refuse("prefix: '2001:db8::1/127'", 1, 9, "bits behind its length");
    refuse("prefix: 192.0.2.0/33", 1, 9, "'prefix' must be a prefix such as");
    refuse("prefix: 192.0.2.0/", 1, 9, "'prefix' must be");
    refuse("prefix: 192.0.2.0/-1", 1, 9, "'prefix' must be");
    refuse("prefix: '::/129'", 1, 9, "'prefix' must be");
    refuse("prefix: '::/000000000000000008'", 1, 9, "'prefix' must be");
}

static void check_server(const char *text, const char *host, unsigned port)
{
    struct sample sample;
    take(text, &sample);
    assert_string_equal(sample.server.host, host);
    assert_int_equal(sample.server.port, port);
    fxi_options_fini(table, &sample);
    assert_null(sample.server.host);
}

static void hosts_with_ports(void **state)
{
    (void)state;
    check_server("server: localhost:43", "localhost", 43);
    check_server("server: example.net:443", "example.net", 443);
    check_server("server: 192.0.2.1:65535", "192.0.2.1", 65535);
    check_server("server: '[2001:db8::1]:1'", "2001:db8::1", 1);
    const char *const wrong[] = {"example.net",      "'example.net:'", "example.net:0", "example.net:65536", "':80'",
                                 "'2001:db8::1:80'", "'[::1]'",        "'[::1:80'",     "'[192.0.2.1]:80'",  "a/b:80",
                                 "a:80:90",          "'[]:80'"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char text[64];
        snprintf(text, sizeof text, "server: %s", wrong[i]);
        refuse(text, 1, 9, "'server' must be a host and a port");
    }
}

static void times(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } right[] = {{"1970-01-01", 0},
                 {"2026-01-31", 1769817600000},
                 {"2024-02-29T23:59:59Z", 1709251199000},
                 {"2026-01-31T12:00:00.25Z", 1769860800250},
                 {"2026-01-31T12:00:00+01:30", 1769855400000},
                 {"2026-01-31T12:00:00.001-00:30", 1769862600001},
                 {"2000-03-01T00:00:00Z", 951868800000}};
    struct sample sample;
    char text[64];
    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        snprintf(text, sizeof text, "since: %s", right[i].text);
        take(text, &sample);
        assert_int_equal(sample.since, right[i].ms);
    }
    const char *const wrong[] = {"2026-02-29",
                                 "2026-13-01",
                                 "1969-12-31",
                                 "2026-1-1",
                                 "2026-01-01T12:00:00",
                                 "2026-01-01 12:00:00Z",
                                 "2026-01-01T24:00:00Z",
                                 "now",
                                 "2026-01-01T12:00:00+1:00",
                                 "2026-01-01T12:00:00.Zx",
                                 "2026-01-01T12:00Z"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(text, sizeof text, "since: %s", wrong[i]);
        refuse(text, 1, 8, "'since' must be a time");
    }
}

static void paths(void **state)
{
    char folder[] = "/tmp/fx-path-XXXXXX", file[64], text[128];
    struct sample sample;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(text, sizeof text, "file: %s", file);
    refuse(text, 1, 7, "No such file");
    FILE *made = fopen(file, "we");
    assert_non_null(made);
    fclose(made);
    take(text, &sample);
    assert_string_equal(sample.file, file);
    fxi_options_fini(table, &sample);
    snprintf(text, sizeof text, "file: %s", folder);
    refuse(text, 1, 7, "no regular file");
    snprintf(text, sizeof text, "folder: %s", file);
    refuse(text, 1, 9, "it is no folder");
    snprintf(text, sizeof text, "{folder: %s, path: /no/such/place}", folder);
    take(text, &sample);
    assert_string_equal(sample.path, "/no/such/place");
    fxi_options_fini(table, &sample);
    unlink(file);
    rmdir(folder);
}

static void maps_of_choices(void **state)
{
    struct sample sample;
    (void)state;
    take("kinds: {a: gauge, b: counter}", &sample);
    assert_int_equal(sample.kinds.count, 2);
    assert_string_equal(sample.kinds.pairs[0].key, "a");
    assert_int_equal(sample.kinds.pairs[0].choice, 1);
    assert_int_equal(sample.kinds.pairs[1].choice, 0);
    fxi_options_fini(table, &sample);
    refuse("kinds: {a: gage}", 1, 12, "did you mean 'gauge'?");
    refuse("kinds: {a: [gauge]}", 1, 12, "'kinds' must be counter or gauge");
    refuse("kinds: {a: gauge, b: gauge, c: gauge}", 1, 8, "0 to 2 entries");
    refuse("kinds: gauge", 1, 8, "a map of keys and choices");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_sound),   cmocka_unit_test(addresses), cmocka_unit_test(prefixes),
        cmocka_unit_test(hosts_with_ports), cmocka_unit_test(times),     cmocka_unit_test(paths),
        cmocka_unit_test(maps_of_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
