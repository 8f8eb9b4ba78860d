/*
 * What is served under which path: a table. A path that is not in it is answered with 404.
 *
 * To add a path, add a row in routes.c and a handler in a file of its own. For its requests to be counted apart, add a value of
 * enum prom_answer, and its word in the plugin's table of metrics.
 */
#ifndef OUTPUT_PROMETHEUS_ROUTES_H
#define OUTPUT_PROMETHEUS_ROUTES_H

#include "http/route.h"

/* Never NULL. */
const struct prom_route *prom_route_find(const char *path);

#endif
