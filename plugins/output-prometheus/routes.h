/*
 * What is served under which path: a table. A path that is not in the table is answered with 404.
 *
 * To add a path, add a row in routes.c and a handler in a file of its own. To count its requests separately, add a
 * value of enum prom_answer, and the value's word in the plugin's table of metrics.
 */
#ifndef OUTPUT_PROMETHEUS_ROUTES_H
#define OUTPUT_PROMETHEUS_ROUTES_H

#include "http/route.h"

/* Never NULL. */
const struct prom_route *prom_route_find(const char *path);

#endif
