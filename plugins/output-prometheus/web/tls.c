/* Certificates and sessions. Any thread may read certificates. Sessions belong to the HTTP thread. */
#include "web/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <flow-exporter/file.h>

#define FILE_MAX (1024 * 1024)

struct prom_tls {
    gnutls_certificate_credentials_t credentials;
    gnutls_priority_t priority;
    int client_auth;      /* enum prom_client_auth */
    struct fx_list names; /* client_allowed_sans; owned by the options */
    char warning[200];
};

struct reading {
    const struct prom_tls_options *options;
    const struct fx_options *file;
    const char *path; /* path of the web configuration */
    struct prom_watch *watch;
    struct fx_error *err;
};

static void wipe(gnutls_datum_t *data)
{
    if (data->data)
        explicit_bzero(data->data, data->size);
    free(data->data);
    *data = (gnutls_datum_t){NULL, 0};
}

/* Fails with "WHAT" or "WHAT: why". */
static int fail(const struct reading *reading, const char *option, const char *what, const char *why)
{
    char at[80];
    snprintf(at, sizeof at, "tls_server_config[0].%s", option);
    return fx_options_error(reading->err, reading->file, at, NULL, "%s%s%s", what, why ? ": " : "", why ? why : "");
}

/* A relative name is relative to the web configuration. Gives NULL without memory. */
static char *place_of(const struct reading *reading, const char *name)
{
    const char *slash = strrchr(reading->path, '/');
    size_t size = name[0] == '/' || !slash ? 0 : (size_t)(slash - reading->path) + 1;
    char *place = malloc(size + strlen(name) + 1);
    if (place) {
        memcpy(place, reading->path, size);
        strcpy(place + size, name);
    }
    return place;
}

static int read_fd(int fd, gnutls_datum_t *data)
{
    data->data = malloc(FILE_MAX + 1);
    while (data->data && data->size <= FILE_MAX) {
        ssize_t got = read(fd, data->data + data->size, FILE_MAX + 1 - data->size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0 ? 0 : errno;
        data->size += (unsigned)got;
    }
    return data->data ? EFBIG : ENOMEM;
}

static int fail_place(const struct reading *reading, const char *option, const char *place, const char *why)
{
    char what[200];
    snprintf(what, sizeof what, "'%.160s' can't be read", place);
    return fail(reading, option, what, why);
}

static int read_place(const struct reading *reading, const char *option, const char *place, gnutls_datum_t *data)
{
    prom_watch_add(reading->watch, place);
    const char *why;
    int fd = fx_file_open(place, O_RDONLY, &why);
    if (fd < 0)
        return fail_place(reading, option, place, why);
    int failed = read_fd(fd, data);
    close(fd);
    if (!failed)
        return 0;
    wipe(data);
    return fail_place(reading, option, place, strerror(failed));
}

/* Takes the text in the configuration itself, or reads the file. */
static int read_pem(const struct reading *reading, const char *option, const char *text, const char *file_name,
                    gnutls_datum_t *data)
{
    *data = (gnutls_datum_t){NULL, 0};
    if (text) {
        data->data = (unsigned char *)strdup(text);
        data->size = (unsigned)strlen(text);
        return data->data ? 0 : fail(reading, option, "out of memory", NULL);
    }
    if (strchr(file_name, '\n')) /* it may be a PEM text, which must not be logged */
        return fail(reading, option, "this is the text itself, not the name of a file: use the key without '_file'",
                    NULL);
    char *place = place_of(reading, file_name);
    int rc = place ? read_place(reading, option, place, data) : fail(reading, option, "out of memory", NULL);
    free(place);
    return rc;
}

static int load_own(struct prom_tls *tls, const struct reading *reading)
{
    const struct prom_tls_options *options = reading->options;
    const char *at = options->cert ? "cert" : "cert_file";
    gnutls_datum_t cert, key = {NULL, 0};
    int rc = read_pem(reading, at, options->cert, options->cert_file, &cert);
    if (!rc)
        rc = read_pem(reading, options->key ? "key" : "key_file", options->key, options->key_file, &key);
    if (!rc) {
        int code = gnutls_certificate_set_x509_key_mem2(tls->credentials, &cert, &key, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (code < 0)
            rc =
                fail(reading, at, "this certificate and its key can't be used together, as PEM", gnutls_strerror(code));
    }
    wipe(&cert);
    wipe(&key);
    return rc;
}

static int load_authority(struct prom_tls *tls, const struct reading *reading)
{
    const struct prom_tls_options *options = reading->options;
    const char *at = options->client_ca ? "client_ca" : "client_ca_file";
    gnutls_datum_t authority;
    int rc = read_pem(reading, at, options->client_ca, options->client_ca_file, &authority);
    if (rc)
        return rc;
    int code = gnutls_certificate_set_x509_trust_mem(tls->credentials, &authority, GNUTLS_X509_FMT_PEM);
    if (code <= 0)
        rc = fail(reading, at, "there is no certificate that can be used",
                  code < 0 ? gnutls_strerror(code) : "the file has none");
    wipe(&authority);
    return rc;
}

/* Certificate and key come together, and each from one place only. */
static int check_pair(const struct reading *reading)
{
    const struct prom_tls_options *options = reading->options;
    if (options->cert && options->cert_file)
        return fail(reading, "cert_file", "write either 'cert' or 'cert_file'", NULL);
    if (options->key && options->key_file)
        return fail(reading, "key_file", "write either 'key' or 'key_file'", NULL);
    if (options->client_ca && options->client_ca_file)
        return fail(reading, "client_ca_file", "write either 'client_ca' or 'client_ca_file'", NULL);
    if (!options->cert && !options->cert_file && !options->key && !options->key_file)
        return fail(reading, "cert_file", "TLS needs a certificate: 'cert_file' is missing", NULL);
    if (!options->key && !options->key_file)
        return fail(reading, options->cert ? "cert" : "cert_file", "a certificate needs its key: 'key_file' is missing",
                    NULL);
    if (!options->cert && !options->cert_file)
        return fail(reading, options->key ? "key" : "key_file", "a key needs its certificate: 'cert_file' is missing",
                    NULL);
    return 0;
}

static bool verifies(int client_auth)
{
    return client_auth == PROM_CLIENT_VERIFY_IF_GIVEN || client_auth == PROM_CLIENT_REQUIRE_AND_VERIFY;
}

static int check_clients(const struct reading *reading)
{
    const struct prom_tls_options *options = reading->options;
    bool has_authority = options->client_ca || options->client_ca_file;
    if (has_authority && options->client_auth_type == PROM_CLIENT_NONE)
        return fail(reading, options->client_ca ? "client_ca" : "client_ca_file",
                    "a client CA has no effect while 'client_auth_type' asks for no certificate", NULL);
    if (!has_authority && verifies(options->client_auth_type))
        return fail(reading, "client_auth_type",
                    "to verify clients' certificates, 'client_ca_file' must name their authorities", NULL);
    if (options->client_allowed_sans.count && !verifies(options->client_auth_type))
        return fail(reading, "client_allowed_sans",
                    "names in unverified certificates prove nothing: 'client_auth_type' must be "
                    "RequireAndVerifyClientCert or VerifyClientCertIfGiven",
                    NULL);
    return 0;
}

static int load(struct prom_tls *tls, const struct reading *reading)
{
    const struct prom_tls_options *options = reading->options;
    tls->client_auth = options->client_auth_type;
    tls->names = options->client_allowed_sans;
    int rc = check_pair(reading);
    if (!rc)
        rc = check_clients(reading);
    if (!rc)
        rc = prom_priority_new(options, reading->file, &tls->priority, tls->warning, sizeof tls->warning, reading->err);
    if (!rc && gnutls_certificate_allocate_credentials(&tls->credentials) < 0)
        rc = fx_error_set(reading->err, FX_ENOMEM, "out of memory");
    if (!rc)
        rc = load_own(tls, reading);
    if (!rc && (options->client_ca || options->client_ca_file))
        rc = load_authority(tls, reading);
    return rc;
}

int prom_tls_new(const struct prom_tls_options *options, const struct fx_options *file, const char *path,
                 struct prom_watch *watch, struct prom_tls **tls, struct fx_error *err)
{
    const struct reading reading = {options, file, path, watch, err};
    *tls = NULL;
    bool is_empty = !options->cert && !options->cert_file && !options->key && !options->key_file &&
                    !options->client_ca && !options->client_ca_file && !options->client_auth_type &&
                    !options->client_allowed_sans.count && !options->cipher_suites.count &&
                    !options->curve_preferences.count;
    if (is_empty)
        return 0;
    struct prom_tls *made = calloc(1, sizeof *made);
    if (!made)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    int rc = load(made, &reading);
    if (rc)
        prom_tls_free(made);
    else
        *tls = made;
    return rc;
}

void prom_tls_free(struct prom_tls *tls)
{
    if (!tls)
        return;
    if (tls->credentials)
        gnutls_certificate_free_credentials(tls->credentials);
    if (tls->priority)
        gnutls_priority_deinit(tls->priority);
    free(tls);
}

bool prom_tls_verifies(const struct prom_tls *tls)
{
    return tls && tls->client_auth == PROM_CLIENT_REQUIRE_AND_VERIFY;
}

const char *prom_tls_warning(const struct prom_tls *tls)
{
    return tls ? tls->warning : "";
}

/* ---- Sessions */

static bool has_name(const struct fx_list *names, unsigned type, const unsigned char *name, size_t size)
{
    char address[INET6_ADDRSTRLEN] = "";
    if (type == GNUTLS_SAN_IPADDRESS) {
        if ((size != 4 && size != 16) || !inet_ntop(size == 4 ? AF_INET : AF_INET6, name, address, sizeof address))
            return false;
        name = (const unsigned char *)address;
        size = strlen(address);
    } else if (type != GNUTLS_SAN_DNSNAME && type != GNUTLS_SAN_RFC822NAME && type != GNUTLS_SAN_URI) {
        return false;
    }
    for (size_t i = 0; i < names->count; i++)
        if (strlen(names->items[i]) == size && memcmp(names->items[i], name, size) == 0)
            return true;
    return false;
}

static bool has_allowed_name(const struct fx_list *names, const gnutls_datum_t *certificate)
{
    gnutls_x509_crt_t crt;
    bool found = false;
    if (gnutls_x509_crt_init(&crt) < 0)
        return false;
    int type = gnutls_x509_crt_import(crt, certificate, GNUTLS_X509_FMT_DER);
    for (unsigned i = 0; type >= 0 && !found; i++) {
        unsigned char name[512];
        size_t size = sizeof name;
        type = gnutls_x509_crt_get_subject_alt_name(crt, i, name, &size, NULL);
        if (type == GNUTLS_E_SHORT_MEMORY_BUFFER)
            type = GNUTLS_SAN_OTHERNAME; /* none of ours is that long */
        else if (type >= 0)
            found = has_name(names, (unsigned)type, name, size);
    }
    gnutls_x509_crt_deinit(crt);
    return found;
}

/* GnuTLS itself checks whether there is a certificate at all. */
static int verify(gnutls_session_t session)
{
    const struct prom_tls *tls = gnutls_db_get_ptr(session);
    gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID, .data = (void *)GNUTLS_KP_TLS_WWW_CLIENT};
    unsigned count = 0, status = 0;
    const gnutls_datum_t *chain = gnutls_certificate_get_peers(session, &count);
    if (!chain || count == 0)
        return 0;
    if (gnutls_certificate_verify_peers(session, &purpose, 1, &status) < 0 || status != 0)
        return -1;
    return tls->names.count == 0 || has_allowed_name(&tls->names, &chain[0]) ? 0 : -1;
}

void prom_tls_begin(const struct prom_tls *tls, gnutls_session_t session)
{
    static const gnutls_certificate_request_t requests[] = {
        [PROM_CLIENT_NONE] = GNUTLS_CERT_IGNORE,
        [PROM_CLIENT_REQUEST] = GNUTLS_CERT_REQUEST,
        [PROM_CLIENT_REQUIRE_ANY] = GNUTLS_CERT_REQUIRE,
        [PROM_CLIENT_VERIFY_IF_GIVEN] = GNUTLS_CERT_REQUEST,
        [PROM_CLIENT_REQUIRE_AND_VERIFY] = GNUTLS_CERT_REQUIRE,
    };
    gnutls_priority_set(session, tls->priority);
    gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, tls->credentials);
    gnutls_certificate_server_set_request(session, requests[tls->client_auth]);
    gnutls_db_set_ptr(session,
                      (void *)(uintptr_t)tls); /* no database; the session's own pointer belongs to libmicrohttpd */
    if (verifies(tls->client_auth))
        gnutls_session_set_verify_function(session, verify);
}
