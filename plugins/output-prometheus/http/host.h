/*
 * What the HTTP server needs of the plugin that it serves for. It calls nothing of the plugin but by this; handlers of
 * routes find the plugin by it (request.h). All stays as it is while the server runs.
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
    void *owner; /* of the handlers */
    struct fx_instance *instance;
    const struct prom_options *options;
    struct prom_webfile *webfile; /* or NULL: no TLS, no passwords */
    int64_t patience_ms;          /* how long a page waits for a checkpoint */
    /* Never NULL. */
    const struct prom_route *(*find_route)(const char *path);
    /* A page of the exposed cut (page/page.h), or NULL without memory. */
    struct prom_page *(*open_page)(void *owner, enum prom_format format, const struct prom_filter *filter);
};

#endif
