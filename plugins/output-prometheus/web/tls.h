/* TLS by a web configuration: certificates, versions, suites, and who may connect. GnuTLS, as libmicrohttpd. */
#ifndef OUTPUT_PROMETHEUS_TLS_H
#define OUTPUT_PROMETHEUS_TLS_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "web/webconf.h"

/*
 * Reads the files that the options of file (which stays valid as long as what comes) name, beside path; adds them to watch.
 * 0 and *tls, which is NULL if no certificate is named; or a negative code.
 */
int prom_tls_new(const struct prom_tls_options *options, const struct fx_options *file, const char *path,
                 struct prom_watch *watch, struct prom_tls **tls, struct fx_error *err);
void prom_tls_free(struct prom_tls *tls);

/* Before the handshake of a session, which does not outlive tls. */
void prom_tls_begin(const struct prom_tls *tls, gnutls_session_t session);

/* Whether a client has to have a certificate of our authority. */
bool prom_tls_verifies(const struct prom_tls *tls);

/* What the file asks for and this program does not do, though it is no mistake; or an empty text. */
const char *prom_tls_warning(const struct prom_tls *tls);

/* priority.c: which versions, suites and curves. Fills warning (may stay empty). */
int prom_priority_new(const struct prom_tls_options *options, const struct fx_options *file,
                      gnutls_priority_t *priority, char *warning, size_t size, struct fx_error *err);

#endif
