/*
 * TLS by the web configuration: certificates, versions, suites, and which clients may connect. GnuTLS, as in
 * libmicrohttpd.
 */
#ifndef OUTPUT_PROMETHEUS_TLS_H
#define OUTPUT_PROMETHEUS_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "web/webconf.h"

/*
 * Reads the files that the options name, relative to path, and adds them to watch. file has the options' places and
 * must stay valid as long as *tls. Gives 0 and *tls, which is NULL if no certificate is named; or a negative code.
 */
int prom_tls_new(const struct prom_tls_options *options, const struct fx_options *file, const char *path,
                 struct prom_watch *watch, struct prom_tls **tls, struct fx_error *err);
void prom_tls_free(struct prom_tls *tls);

/* Call before the handshake of a session. tls must outlive the session. */
void prom_tls_begin(const struct prom_tls *tls, gnutls_session_t session);

/* Whether clients must have a certificate of our authority. */
bool prom_tls_verifies(const struct prom_tls *tls);

/* Names what the file rightly asks for and this program can't do. Empty: nothing. */
const char *prom_tls_warning(const struct prom_tls *tls);

/* priority.c: versions, suites and curves. Fills warning, which may stay empty. */
int prom_priority_new(const struct prom_tls_options *options, const struct fx_options *file,
                      gnutls_priority_t *priority, char *warning, size_t size, struct fx_error *err);

#endif
