/* The HTTP server: listening, connections, requests. */
#ifndef OUTPUT_PROMETHEUS_HTTP_HTTP_H
#define OUTPUT_PROMETHEUS_HTTP_HTTP_H

#include <flow-exporter/error.h>

#include "http/host.h"

struct prom_http;

/* The host stays with the caller until the server is stopped. NULL and err filled. */
struct prom_http *prom_http_start(const struct prom_http_host *host, struct fx_error *err);
void prom_http_stop(struct prom_http *http);
/* For requests that wait: a cut was taken; the last cut was committed or given back. Any thread; http may be NULL. */
void prom_http_cut(struct prom_http *http);
void prom_http_settled(struct prom_http *http);

#endif
