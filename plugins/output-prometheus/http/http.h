/* The HTTP server: listening, connections, requests. */
#ifndef OUTPUT_PROMETHEUS_HTTP_HTTP_H
#define OUTPUT_PROMETHEUS_HTTP_HTTP_H

#include <flow-exporter/error.h>

#include "http/host.h"

struct prom_http;

/* The caller keeps host until the server has stopped. On failure gives NULL and err. */
struct prom_http *prom_http_start(const struct prom_http_host *host, struct fx_error *err);
void prom_http_stop(struct prom_http *http);
/*
 * For requests that wait. prom_http_cut: a cut was taken. prom_http_settled: the last cut was committed or rolled back.
 * Any thread. http may be NULL.
 */
void prom_http_cut(struct prom_http *http);
void prom_http_settled(struct prom_http *http);

#endif
