/* What is served under one path. The table of paths is the plugin's (routes.c). */
#ifndef OUTPUT_PROMETHEUS_HTTP_ROUTE_H
#define OUTPUT_PROMETHEUS_HTTP_ROUTE_H

#include "http/request.h"

/*
 * Answers a GET or HEAD (libmicrohttpd leaves the body of an answer to HEAD out) with prom_reply_send of reply.h, or
 * with prom_reply_page. It runs in the HTTP thread, which serves everybody: it never blocks, and its work has a bound.
 * MHD_NO cuts the connection.
 */
typedef enum MHD_Result prom_handler(const struct prom_request *request);

struct prom_route {
    const char *path;
    bool is_prefix;     /* path ends in '/', and so all paths that begin with it are meant */
    bool is_open;       /* to everybody; else to those with a right password only, where passwords are set */
    bool waits_for_cut; /* asks for a checkpoint and waits for it, a second at most, before the handler is called */
    bool takes_turn;    /* the answer costs so much that it is made in turn with others (turns.c) */
    unsigned answer;    /* enum prom_answer: how it is counted */
    prom_handler *handler;
};

#endif
