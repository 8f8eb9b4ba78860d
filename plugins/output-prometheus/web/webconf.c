/* Reads the file of web_config: its tables, and what they can't contain. Any thread. No state is kept. */
#include "web/webconf.h"

#include <stdlib.h>
#include <string.h>

#include "web/bcrypt.h"
#include "web/tls.h"

#define USERS_MAX 10000

static const char *const auth_choices[] = {"NoClientCert",
                                           "RequestClientCert",
                                           "RequireAnyClientCert",
                                           "VerifyClientCertIfGiven",
                                           "RequireAndVerifyClientCert",
                                           NULL};
static const char *const version_choices[] = {"TLS10", "TLS11", "TLS12", "TLS13", NULL};

static const struct fx_option tls_table[] = {
    {FX_OPTION(struct prom_tls_options, cert), .type = FX_OPT_STRING, .help = "The certificate itself, as PEM."},
    {FX_OPTION(struct prom_tls_options, key), .type = FX_OPT_SECRET, .help = "The key itself, as PEM."},
    {FX_OPTION(struct prom_tls_options, cert_file), .type = FX_OPT_STRING, .help = "The certificate."},
    {FX_OPTION(struct prom_tls_options, key_file), .type = FX_OPT_STRING, .help = "Its key."},
    {FX_OPTION(struct prom_tls_options, client_auth_type), .type = FX_OPT_ENUM, .fallback = "NoClientCert",
     .choices = auth_choices, .help = "Whether clients must show a certificate."},
    {FX_OPTION(struct prom_tls_options, client_ca), .type = FX_OPT_STRING,
     .help = "The authorities of clients' certificates, as PEM."},
    {FX_OPTION(struct prom_tls_options, client_ca_file), .type = FX_OPT_STRING,
     .help = "A file with the authorities of clients' certificates."},
    {FX_OPTION(struct prom_tls_options, client_allowed_sans), .type = FX_OPT_LIST,
     .help = "Names, one of which a client's certificate must have."},
    {FX_OPTION(struct prom_tls_options, min_version), .type = FX_OPT_ENUM, .fallback = "TLS12",
     .choices = version_choices, .help = "The oldest version."},
    {FX_OPTION(struct prom_tls_options, max_version), .type = FX_OPT_ENUM, .fallback = "TLS13",
     .choices = version_choices, .help = "The newest version."},
    {FX_OPTION(struct prom_tls_options, cipher_suites), .type = FX_OPT_LIST, .help = "Which ones may be used."},
    {FX_OPTION(struct prom_tls_options, prefer_server_cipher_suites), .type = FX_OPT_BOOL, .fallback = "true",
     .help = "Whether the server's order of suites counts."},
    {FX_OPTION(struct prom_tls_options, curve_preferences), .type = FX_OPT_LIST, .help = "Which ones may be used."},
    {.key = NULL}};

static const struct fx_option server_table[] = {
    {FX_OPTION(struct prom_server_options, http2), .type = FX_OPT_BOOL, .fallback = "false", .help = "Not here."},
    {FX_OPTION(struct prom_server_options, headers), .type = FX_OPT_MAP,
     .help = "Headers that are added to all answers."},
    {.key = NULL}};

static const struct fx_option rate_table[] = {
    {FX_OPTION(struct prom_rate_options, interval), .type = FX_OPT_DURATION, .fallback = "0", .min = 0, .max = 86400000,
     .help = "The time between two requests."},
    {FX_OPTION(struct prom_rate_options, burst), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = 1000000000,
     .help = "The number of requests that may come at once."},
    {.key = NULL}};

static const struct fx_option table[] = {
    {FX_OPTION(struct prom_web_options, tls_server_config), .type = FX_OPT_TABLES, .table = tls_table,
     .table_size = sizeof(struct prom_tls_options), .max = 1, .help = "TLS."},
    {FX_OPTION(struct prom_web_options, http_server_config), .type = FX_OPT_TABLES, .table = server_table,
     .table_size = sizeof(struct prom_server_options), .max = 1, .help = "HTTP."},
    {FX_OPTION(struct prom_web_options, rate_limit), .type = FX_OPT_TABLES, .table = rate_table,
     .table_size = sizeof(struct prom_rate_options), .max = 1, .help = "How many requests."},
    {FX_OPTION(struct prom_web_options, basic_auth_users), .type = FX_OPT_MAP, .max = USERS_MAX, .help = "Passwords."},
    {.key = NULL}};

/* The headers that may be set, and their values, as in the toolkit. */
static const struct {
    const char *name, *values[2];
} headers[] = {{"Strict-Transport-Security", {NULL}},
               {"X-Content-Type-Options", {"nosniff", NULL}},
               {"X-Frame-Options", {"deny", "sameorigin"}},
               {"X-XSS-Protection", {NULL}},
               {"Content-Security-Policy", {NULL}}};

static int check_header(const struct prom_webconf *conf, const struct fx_pair *pair, struct fx_error *err)
{
    static const char at[] = "http_server_config[0].headers";
    size_t i = 0, count = sizeof headers / sizeof *headers;
    while (i < count && strcmp(headers[i].name, pair->key) != 0)
        i++;
    if (i == count)
        return fx_options_error(err, conf->file, at, pair->key,
                                "the header '%.80s' can't be set here: there are Strict-Transport-Security, "
                                "X-Content-Type-Options, X-Frame-Options, X-XSS-Protection and Content-Security-Policy",
                                pair->key);
    const char *const *values = headers[i].values;
    if (values[0] && strcmp(values[0], pair->value) != 0 && !(values[1] && strcmp(values[1], pair->value) == 0))
        return fx_options_error(err, conf->file, at, pair->key, "'%s' must be '%s'%s%s%s", pair->key, values[0],
                                values[1] ? " or '" : "", values[1] ? values[1] : "", values[1] ? "'" : "");
    for (const char *c = pair->value; *c; c++)
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
            return fx_options_error(err, conf->file, at, pair->key,
                                    "the value of '%s' has a character that no header may have", pair->key);
    return 0;
}

/* No message contains the hash. */
static int check_user(const struct prom_webconf *conf, const struct fx_pair *pair, struct fx_error *err)
{
    const char *fault = prom_bcrypt_fault(pair->value);
    if (strchr(pair->key, ':'))
        fault = "has a ':' in its name, which no request can contain";
    if (!pair->key[0] || strlen(pair->key) > PROM_NAME_MAX)
        fault = "needs a name of 1 to 255 bytes";
    return fault ? fx_options_error(err, conf->file, "basic_auth_users", pair->key, "the user '%.80s' %s", pair->key,
                                    fault)
                 : 0;
}

static int check(struct prom_webconf *conf, const char *path, struct prom_watch *watch, struct fx_error *err)
{
    const struct prom_web_options *options = conf->options;
    const struct prom_server_options *server = prom_webconf_server(conf);
    int rc = 0;
    for (size_t i = 0; server && i < server->headers.count && !rc; i++)
        rc = check_header(conf, &server->headers.pairs[i], err);
    for (size_t i = 0; i < options->basic_auth_users.count && !rc; i++)
        rc = check_user(conf, &options->basic_auth_users.pairs[i], err);
    const struct prom_rate_options *rate = prom_webconf_rate(conf);
    if (!rc && rate && !rate->burst)
        rc = fx_options_error(
            err, conf->file, "rate_limit", NULL,
            "with a 'burst' of 0 no request is ever answered: write the number of requests that may come at once");
    if (!rc && options->tls_server_config.count)
        rc = prom_tls_new(options->tls_server_config.items, conf->file, path, watch, &conf->tls, err);
    return rc;
}

struct prom_webconf *prom_webconf_read(const char *path, struct prom_watch *watch, struct fx_error *err)
{
    prom_watch_add(watch, path);
    struct prom_webconf *conf = calloc(1, sizeof *conf);
    if (!conf) {
        fx_error_set(err, FX_ENOMEM, "out of memory");
        return NULL;
    }
    atomic_init(&conf->references, 1);
    conf->file = fx_options_read(path, table, sizeof(struct prom_web_options), err);
    conf->options = conf->file ? fx_options_get(conf->file) : NULL;
    if (conf->file && check(conf, path, watch, err) == 0)
        return conf;
    prom_webconf_unref(conf);
    return NULL;
}

struct prom_webconf *prom_webconf_ref(struct prom_webconf *conf)
{
    atomic_fetch_add(&conf->references, 1);
    return conf;
}

void prom_webconf_unref(struct prom_webconf *conf)
{
    if (!conf || atomic_fetch_sub(&conf->references, 1) != 1)
        return;
    prom_tls_free(conf->tls);
    fx_options_free(conf->file);
    free(conf);
}

const struct prom_server_options *prom_webconf_server(const struct prom_webconf *conf)
{
    return conf->options->http_server_config.count ? conf->options->http_server_config.items : NULL;
}

const struct prom_rate_options *prom_webconf_rate(const struct prom_webconf *conf)
{
    const struct prom_rate_options *rate = conf->options->rate_limit.count ? conf->options->rate_limit.items : NULL;
    return rate && rate->interval > 0 ? rate : NULL;
}
