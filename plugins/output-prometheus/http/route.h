/* What is served under a path. The plugin has the table of paths (routes.c). */
#ifndef OUTPUT_PROMETHEUS_HTTP_ROUTE_H
#define OUTPUT_PROMETHEUS_HTTP_ROUTE_H

#include "http/request.h"

/*
 * Answers a GET or HEAD by prom_reply_send of reply.h or by prom_reply_page. libmicrohttpd leaves out the body of an
 * answer to HEAD. The handler runs in the HTTP thread, which serves all clients: it never blocks, and its work is
 * bounded. MHD_NO closes the connection.
 */
typedef enum MHD_Result prom_handler(const struct prom_request *request);

struct prom_route {
    const char *path;
    bool is_prefix;     /* path ends in '/' and stands for all paths that begin with it */
    bool is_open;       /* open to everybody; other routes need a password if passwords are set */
    bool waits_for_cut; /* asks for a checkpoint and waits for it, at most a second, before the handler is called */
    bool takes_turn;    /* the answer is so costly that it is made in turn with others (turns.c) */
    unsigned answer;    /* enum prom_answer: how the answer is counted */
    prom_handler *handler;
};

#endif
