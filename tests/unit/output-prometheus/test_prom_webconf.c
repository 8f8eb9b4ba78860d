/*
 * The web configuration of output-prometheus: what is refused and where, what is accepted, and a file that changes
 * while the program runs. The test makes its certificates here.
 */
#include "prom_fixture.h"

#include <errno.h>
#include <gnutls/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "plugins/output-prometheus/web/tls.h"
#include "plugins/output-prometheus/web/webfile.h"

#define HASH "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
#define TLS  "tls_server_config:\n  cert_file: a.pem\n  key_file: a.key\n"

static char folder[] = "/tmp/fx-webconf-XXXXXX";
static char path[64];

static void write_file(const char *name, const void *data, size_t size)
{
    char place[64];
    snprintf(place, sizeof place, "%s/%s", folder, name);
    FILE *file = fopen(place, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    fclose(file);
}

static void write_config(const char *text)
{
    write_file("web.yml", text, strlen(text));
}

static void make_certificate(const char *name)
{
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
    gnutls_datum_t pem;
    char place[32];
    assert_int_equal(gnutls_x509_privkey_init(&key), 0);
    assert_int_equal(
        gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0), 0);
    assert_int_equal(gnutls_x509_crt_init(&crt), 0);
    gnutls_x509_crt_set_version(crt, 3);
    gnutls_x509_crt_set_serial(crt, "\1", 1);
    gnutls_x509_crt_set_activation_time(crt, time(NULL) - 60);
    gnutls_x509_crt_set_expiration_time(crt, time(NULL) + 3600);
    gnutls_x509_crt_set_key(crt, key);
    gnutls_x509_crt_set_dn(crt, "CN=localhost", NULL);
    assert_int_equal(gnutls_x509_crt_sign2(crt, crt, key, GNUTLS_DIG_SHA256, 0), 0);
    assert_int_equal(gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_PEM, &pem), 0);
    snprintf(place, sizeof place, "%s.pem", name);
    write_file(place, pem.data, pem.size);
    gnutls_free(pem.data);
    assert_int_equal(gnutls_x509_privkey_export2(key, GNUTLS_X509_FMT_PEM, &pem), 0);
    snprintf(place, sizeof place, "%s.key", name);
    write_file(place, pem.data, pem.size);
    gnutls_free(pem.data);
    gnutls_x509_crt_deinit(crt);
    gnutls_x509_privkey_deinit(key);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/web.yml", folder);
    make_certificate("a");
    make_certificate("b");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    static const char *const names[] = {"web.yml", "a.pem", "a.key", "b.pem", "b.key"};
    char place[64];
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(place, sizeof place, "%s/%s", folder, names[i]);
        unlink(place);
    }
    return rmdir(folder);
}

static struct prom_webconf *read_text(const char *text, struct fx_error *err)
{
    struct prom_watch watch = {0};
    write_config(text);
    struct prom_webconf *conf = prom_webconf_read(path, &watch, err);
    prom_watch_fini(&watch);
    return conf;
}

static void what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line, column;
        const char *part;
    } cases[] = {
        {"nothing: 1\n", 1, 1, "unknown key 'nothing'"},
        {"tls_server_confg: {}\n", 1, 1, "did you mean 'tls_server_config'"},
        {"- a\n", 1, 1, "must be a map"},
        {"a: [\n", 2, 1, "a value is expected here"},
        {"tls_server_config: x\n", 1, 20, "'tls_server_config' must be"},
        {"tls_server_config:\n  cert_file: a.pem\n", 2, 14, "'key_file' is missing"},
        {"tls_server_config:\n  key_file: a.key\n", 2, 13, "'cert_file' is missing"},
        {"tls_server_config:\n  cert_file: c.pem\n  key_file: a.key\n", 2, 14, "can't be read: No such file"},
        {"tls_server_config:\n  cert_file: a.pem\n  key_file: c.key\n", 3, 13, "can't be read: No such file"},
        {"tls_server_config:\n  cert_file: a.pem\n  key_file: b.key\n", 2, 14, "can't be used together"},
        {"tls_server_config:\n  cert_file: web.yml\n  key_file: a.key\n", 2, 14, "can't be used together"},
        {TLS "  cert: x\n", 2, 14, "either 'cert' or 'cert_file'"},
        {TLS "  key: x\n", 3, 13, "either 'key' or 'key_file'"},
        {TLS "  client_auth_type: Require\n", 4, 21, "'client_auth_type' must be NoClientCert"},
        {TLS "  client_auth_type: RequireAndVerifyClientCert\n", 4, 21, "'client_ca_file' must name"},
        {TLS "  client_auth_type: VerifyClientCertIfGiven\n", 4, 21, "'client_ca_file' must name"},
        {TLS "  client_ca_file: a.pem\n", 4, 19, "has no effect"},
        {TLS "  client_ca_file: a.key\n  client_auth_type: RequireAndVerifyClientCert\n", 4, 19, "no certificate"},
        {TLS "  client_allowed_sans: [a]\n  client_auth_type: RequireAnyClientCert\n", 4, 24,
         "unverified certificates"},
        {TLS "  min_version: TLS9\n", 4, 16, "'min_version' must be TLS10"},
        {TLS "  min_version: TLS13\n  max_version: TLS12\n", 4, 16, "above 'max_version'"},
        {TLS "  cipher_suites:\n    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n    - AES\n", 6, 7, "that Go knows"},
        {TLS "  cipher_suites:\n    - TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n"
             "    - TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n",
         5, 5, "without 'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'"},
        {TLS "  curve_preferences: [X25519, P256]\n", 4, 31, "'P256' is none of"},
        {"http_server_config:\n  headers:\n    Server: x\n", 3, 5, "'Server' can't be set"},
        {"http_server_config:\n  headers:\n    X-Frame-Options: no\n", 3, 5, "must be 'deny' or 'sameorigin'"},
        {"http_server_config:\n  headers:\n    X-Content-Type-Options: no\n", 3, 5, "must be 'nosniff'"},
        {"http_server_config:\n  headers:\n    Content-Security-Policy: \"a\\nb\"\n", 3, 5, "no header may have"},
        {"http_server_config: {http2: maybe}\n", 1, 29, "'http2' must be"},
        {"basic_auth_users:\n  alice: secret\n", 2, 3, "no bcrypt hash"},
        {"basic_auth_users:\n  alice: " HASH "\n  \"\": " HASH "\n", 3, 3, "can't be empty"},
        {"basic_auth_users:\n  'a:b': " HASH "\n", 2, 3, "has a ':'"},
        {"basic_auth_users:\n  alice:\n", 2, 3, "is missing"},
        {"rate_limit: {interval: soon}\n", 1, 24, "'interval'"},
        {"rate_limit: {burst: -1}\n", 1, 21, "'burst'"},
        {"rate_limit: {interval: 1s}\n", 1, 13, "no request is ever answered"},
        {"tls_server_config: {curve_preferences: [X25519]}\n", 1, 20, "'cert_file' is missing"},
        {"tls_server_config: {client_allowed_sans: [a]}\n", 1, 20, "'cert_file' is missing"},
        {"tls_server_config: {cipher_suites: [TLS_AES_128_GCM_SHA256]}\n", 1, 20, "'cert_file' is missing"},
        {"tls_server_config: {cert_file: a.pem, key_file: \"-----BEGIN\\nMIG\"}\n", 1, 49, "not the name of a file"},
        {TLS "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n  max_version: TLS12\n", 4, 18, "only TLS 1.3 has"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct prom_webconf *conf = read_text(cases[i].text, &err);
        if (conf || !strstr(err.message, cases[i].part) || err.line != cases[i].line || err.column != cases[i].column)
            fail_msg("%s\n%u:%u: %s", cases[i].text, err.line, err.column, err.message);
        assert_string_equal(err.file, path);
        assert_null(strstr(err.message, "secret"));
    }
}

static void what_is_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool is_tls;
        const char *warning;
    } cases[] = {
        {"", false, ""},
        {"# nothing\n", false, ""},
        {"tls_server_config:\nbasic_auth_users:\nhttp_server_config:\n", false, ""},
        {"tls_server_config: {}\n", false, ""},
        {TLS, true, ""},
        {TLS "  min_version: TLS10\n  max_version: TLS11\n", true, ""},
        {TLS "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: b.pem\n  client_allowed_sans: [a]\n",
         true, ""},
        {TLS "  client_auth_type: RequestClientCert\n", true, ""},
        {TLS "  cipher_suites: [TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256]\n", true, ""},
        {TLS "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n", true,
         ""},
        {TLS "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n", true, ""},
        {TLS "  cipher_suites: [TLS_AES_256_GCM_SHA384, TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n", true,
         "TLS_AES_256_GCM_SHA384 is not used"},
        {TLS "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n", true, "TLS 1.3 is not used"},
        {TLS "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA]\n  max_version: TLS12\n", true, ""},
        {TLS "  curve_preferences: [X25519, CurveP256, CurveP384, CurveP521]\n  prefer_server_cipher_suites: false\n",
         true, ""},
        {"basic_auth_users: {alice: " HASH "}\nrate_limit: {interval: 1s, burst: 3}\n", false, ""},
        {"http_server_config:\n  http2: true\n  headers: {X-Frame-Options: deny, Strict-Transport-Security: a}\n",
         false, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fx_error err = FX_ERROR_INIT;
        struct prom_webconf *conf = read_text(cases[i].text, &err);
        if (!conf)
            fail_msg("%s\n%u:%u: %s", cases[i].text, err.line, err.column, err.message);
        assert_int_equal(conf->tls != NULL, cases[i].is_tls);
        const char *warning = prom_tls_warning(conf->tls);
        assert_true(cases[i].warning[0] ? strstr(warning, cases[i].warning) != NULL : !warning[0]);
        prom_webconf_unref(conf);
    }
}

/* ---- While the program runs */

static void check_in_force(struct prom_webfile *webfile, const char *user, int64_t used, int64_t refused)
{
    struct prom_webconf *conf = prom_webfile_get(webfile);
    assert_string_equal(conf->options->basic_auth_users.pairs[0].key, user);
    prom_webconf_unref(conf);
    struct fxi_metric_set *metrics = webfile->instance->metrics;
    assert_int_equal(fxi_metric_set_get(metrics, PROM_WEB_CONFIG_READS, 0), used);
    assert_int_equal(fxi_metric_set_get(metrics, PROM_WEB_CONFIG_READS, 1), refused);
}

static int64_t is_stale(struct prom_webfile *webfile)
{
    return fxi_metric_set_get(webfile->instance->metrics, PROM_WEB_CONFIG_STALE, 0);
}

static void a_file_that_changes(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    struct fx_error err = FX_ERROR_INIT;
    prom_fixture_init(&fixture, 10, 0);
    write_config("basic_auth_users: {alice: " HASH "}\n");
    struct prom_webfile *webfile = prom_webfile_open(&fixture.instance, path, &err);
    assert_non_null(webfile);
    prom_webfile_refresh(webfile); /* it has not changed */
    check_in_force(webfile, "alice", 0, 0);
    write_config("basic_auth_users: {robert: " HASH "}\n");
    prom_webfile_refresh(webfile);
    check_in_force(webfile, "robert", 1, 0);
    prom_webfile_refresh(webfile); /* so new a file is read again, and not counted */
    check_in_force(webfile, "robert", 1, 0);
    struct prom_webconf *old = prom_webfile_get(webfile);
    write_config("basic_auth_users: {bad: x}\n");
    prom_webfile_refresh(webfile);
    check_in_force(webfile, "robert", 1, 1);
    assert_int_equal(is_stale(webfile), 1);
    prom_webfile_refresh(webfile);
    check_in_force(webfile, "robert", 1, 1);
    unlink(path);
    prom_webfile_refresh(webfile);
    check_in_force(webfile, "robert", 1, 2);
    write_config("basic_auth_users: {carol: " HASH "}\n");
    prom_webfile_refresh(webfile);
    check_in_force(webfile, "carol", 2, 2);
    assert_int_equal(is_stale(webfile), 0);
    assert_string_equal(old->options->basic_auth_users.pairs[0].key, "robert"); /* a holder keeps the old one */
    prom_webconf_unref(old);
    write_config(TLS "basic_auth_users: {dora: " HASH "}\n"); /* TLS can't be added at runtime */
    prom_webfile_refresh(webfile);
    check_in_force(webfile, "carol", 2, 3);
    for (int i = 0; i < 2; i++) { /* a half-written file opens nothing */
        write_config(i ? "" : "basic_auth_users:\n");
        prom_webfile_refresh(webfile);
        check_in_force(webfile, "carol", 2, 4 + i);
    }
    prom_webfile_close(webfile);
    prom_fixture_fini(&fixture);
}

static void copy_file(const char *from, const char *to)
{
    char place[64], data[4096];
    snprintf(place, sizeof place, "%s/%s", folder, from);
    FILE *file = fopen(place, "r");
    assert_non_null(file);
    size_t size = fread(data, 1, sizeof data, file);
    fclose(file);
    write_file(to, data, size);
}

/* A certificate is renewed in two steps. In between it does not fit its key, and the old pair stays in force. */
static void a_certificate_that_changes(void **state)
{
    (void)state;
    struct prom_fixture fixture;
    struct fx_error err = FX_ERROR_INIT;
    prom_fixture_init(&fixture, 10, 0);
    write_config(TLS "  client_auth_type: RequireAndVerifyClientCert\n  client_ca_file: b.pem\n");
    struct prom_webfile *webfile = prom_webfile_open(&fixture.instance, path, &err);
    assert_non_null(webfile);
    const struct prom_tls *before = webfile->current->tls;
    copy_file("b.pem", "a.pem");
    prom_webfile_refresh(webfile);
    assert_ptr_equal(webfile->current->tls, before);
    assert_int_equal(is_stale(webfile), 1);
    copy_file("b.key", "a.key");
    prom_webfile_refresh(webfile);
    assert_int_equal(is_stale(webfile), 0);
    write_file("b.pem", "", 0); /* the authority's certificate */
    prom_webfile_refresh(webfile);
    assert_int_equal(is_stale(webfile), 1);
    assert_int_equal(fxi_metric_set_get(fixture.instance.metrics, PROM_WEB_CONFIG_READS, 0), 1);
    assert_int_equal(fxi_metric_set_get(fixture.instance.metrics, PROM_WEB_CONFIG_READS, 1), 2);
    copy_file("a.pem", "b.pem");
    write_config(TLS); /* would no longer require client certificates */
    prom_webfile_refresh(webfile);
    assert_int_equal(is_stale(webfile), 1);
    write_config("");
    prom_webfile_refresh(webfile); /* TLS can't be removed at runtime */
    assert_non_null(webfile->current->tls);
    prom_webfile_close(webfile);
    prom_fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(what_is_taken),
        cmocka_unit_test(a_file_that_changes),
        cmocka_unit_test(a_certificate_that_changes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
