/*
 * What the HTTP server needs from the plugin. The server calls the plugin only through this struct, and handlers of
 * routes find the plugin through it (request.h). The struct does not change while the server runs.
 */
#ifndef OUTPUT_PROMETHEUS_HTTP_HOST_H
#define OUTPUT_PROMETHEUS_HTTP_HOST_H

#include <stdint.h>

#include "metric/accept_header.h"
#include "metric/filter.h"

struct fx_instance;
struct prom_options;
struct prom_page;
struct prom_route;
struct prom_webfile;

struct prom_http_host {
    void *owner; /* for the handlers */
    struct fx_instance *instance;
    const struct prom_options *options;
    struct prom_webfile *webfile; /* NULL: no TLS, no passwords */
    int64_t patience_ms;          /* how long a page waits for a checkpoint */
    /* Never NULL. */
    const struct prom_route *(*find_route)(const char *path);
    /* Opens a page of the exposed cut (page/page.h). Gives NULL without memory. */
    struct prom_page *(*open_page)(void *owner, enum prom_format format, const struct prom_filter *filter);
};

#endif
