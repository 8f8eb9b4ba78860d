/* A request whose head has come, as the handler of its route (route.h) sees it. */
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
    struct prom_connection *place;     /* its connection, as connections.h has it, or NULL */
    struct MHD_Connection *connection; /* for MHD_lookup_connection_value: the query and the headers */
    const struct prom_webconf *web;    /* the web configuration in force, or NULL */
    const char *path;                  /* without the query; %41 is A already */
    bool is_head;                      /* the answer's head is all that is wanted */
};

#endif
