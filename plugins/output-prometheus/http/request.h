/* A request whose head has arrived, as seen by the handler of its route (route.h). */
#ifndef OUTPUT_PROMETHEUS_REQUEST_H
#define OUTPUT_PROMETHEUS_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>

struct prom_connection;
struct prom_http_host;
struct prom_webconf;

/* Valid while the handler runs. */
struct prom_request {
    const struct prom_http_host *host;
    struct prom_connection *place;     /* its connection in connections.h, or NULL */
    struct MHD_Connection *connection; /* for the query and headers (MHD_lookup_connection_value) */
    const struct prom_webconf *web;    /* the present web configuration, or NULL */
    const char *path;                  /* without the query; %41 is already A */
    bool is_head;                      /* only the answer's head is wanted */
};

#endif
