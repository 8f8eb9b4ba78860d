/*
 * What is served under which path: a table. A path that is not in it is answered by prom_route_other.
 *
 * Who adds one: a row in routes.c, a handler in a file of its own, and, for its requests to be counted apart, a value of
 * enum prom_answer with its word in the plugin's table of metrics.
 */
#ifndef OUTPUT_PROMETHEUS_ROUTES_H
#define OUTPUT_PROMETHEUS_ROUTES_H

#include <stdbool.h>

#include "prom.h"
#include "http/request.h"

/*
 * Answers a GET or HEAD (the body of an answer to HEAD is left out by itself) with prom_reply_send of reply.h, or
 * prom_reply_page. The HTTP thread, which serves everybody: never blocks, and its work has a bound. MHD_NO cuts the
 * connection.
 */
typedef enum MHD_Result prom_handler(const struct prom_request *request);

struct prom_route {
    const char *path;
    bool is_prefix;     /* path ends in '/', and so all paths that begin with it are meant */
    bool is_open;       /* to everybody; else to those with a right password only, where passwords are set */
    bool waits_for_cut; /* asks for a checkpoint and waits for it, a second at most, before the handler is called */
    bool holds_cut;     /* the answer is read from the cut while it is sent */
    enum prom_answer answer; /* how it is counted */
    prom_handler *handler;
};

/* Never NULL. */
const struct prom_route *prom_route_find(const char *path);

#endif
