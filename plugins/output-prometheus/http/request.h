/* A request whose head has come, as the handler of its route (routes.h) sees it. */
#ifndef OUTPUT_PROMETHEUS_REQUEST_H
#define OUTPUT_PROMETHEUS_REQUEST_H

#include <microhttpd.h>
#include <stdbool.h>

struct prom_output;
struct prom_webconf;

/* Valid while the handler runs. */
struct prom_request {
    struct prom_output *output;
    struct MHD_Connection *connection; /* for MHD_lookup_connection_value: the query and the headers */
    const struct prom_webconf *web;    /* the web configuration in force, or NULL */
    const char *path;                  /* without the query; %41 is A already */
    bool is_head;                      /* the answer's head is all that is wanted */
};

#endif
