/*
 * The file of the option web_config: TLS, passwords, headers and a rate limit, with the keys of Prometheus's exporters
 * (exporter-toolkit, docs/web-configuration.md). Each reading is a counted struct that never changes. A connection
 * keeps the configuration that it began with.
 */
#ifndef OUTPUT_PROMETHEUS_WEBCONF_H
#define OUTPUT_PROMETHEUS_WEBCONF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <flow-exporter/plugin.h>

/* tls_server_config. */
struct prom_tls_options {
    const char *cert, *key, *cert_file, *key_file;
    int client_auth_type; /* enum prom_client_auth */
    const char *client_ca, *client_ca_file;
    struct fx_list client_allowed_sans;
    int min_version, max_version; /* 0 (TLS10) to 3 (TLS13) */
    struct fx_list cipher_suites;
    bool prefer_server_cipher_suites;
    struct fx_list curve_preferences;
};

enum prom_client_auth {
    PROM_CLIENT_NONE,
    PROM_CLIENT_REQUEST,
    PROM_CLIENT_REQUIRE_ANY,
    PROM_CLIENT_VERIFY_IF_GIVEN,
    PROM_CLIENT_REQUIRE_AND_VERIFY
};

/* http_server_config. */
struct prom_server_options {
    bool http2;
    struct fx_map headers;
};

/* rate_limit. */
struct prom_rate_options {
    int64_t interval; /* milliseconds between two requests; 0: no limit */
    int64_t burst;
};

/* The whole file. Each table has one row or none. */
struct prom_web_options {
    struct fx_tables tls_server_config, http_server_config, rate_limit;
    struct fx_map basic_auth_users; /* name to hash */
};

/* The files that were read, and what they looked like just before. */
#define PROM_WATCH_MAX 4
struct prom_watch {
    unsigned count;
    bool is_fresh; /* a file changed so recently that another change may look the same */
    struct prom_watched {
        char *path;
        int failed; /* errno of looking at it, or 0 */
        struct stat found;
    } files[PROM_WATCH_MAX];
};

struct prom_tls;

struct prom_webconf {
    atomic_uint references;
    struct fx_options *file;
    const struct prom_web_options *options; /* owned by file */
    struct prom_tls *tls;                   /* NULL: plain HTTP */
};

/*
 * Reads path and the files that it names. Fills watch, which must be zeroed, even on failure. Gives one reference, or
 * NULL and err. Any thread.
 */
struct prom_webconf *prom_webconf_read(const char *path, struct prom_watch *watch, struct fx_error *err);
struct prom_webconf *prom_webconf_ref(struct prom_webconf *conf);
void prom_webconf_unref(struct prom_webconf *conf); /* NULL is fine */

const struct prom_server_options *prom_webconf_server(const struct prom_webconf *conf); /* NULL: absent */
const struct prom_rate_options *prom_webconf_rate(const struct prom_webconf *conf);     /* NULL: no limit */

/* watch.c: add a file as it is now; tell whether any has changed since. */
void prom_watch_add(struct prom_watch *watch, const char *path);
bool prom_watch_has_changed(const struct prom_watch *watch);
void prom_watch_fini(struct prom_watch *watch);

#endif
