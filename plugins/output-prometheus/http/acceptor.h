/* Accepts connections of all listeners for libmicrohttpd. Each gets its place from connections.h. */
#ifndef OUTPUT_PROMETHEUS_ACCEPTOR_H
#define OUTPUT_PROMETHEUS_ACCEPTOR_H

#include <microhttpd.h>
#include <pthread.h>

#include "http/connections.h"
#include "http/listen.h"
#include "http/lobby.h"
#include "web/webfile.h"

struct prom_acceptor {
    const struct prom_listeners *listeners;
    struct prom_connections *connections;
    struct MHD_Daemon *daemon;
    struct prom_webfile *webfile; /* NULL: none */
    struct fx_series **accepted;  /* counters, one for each listener */
    bool is_tls;
    struct prom_lobby lobby;
    int64_t served_ms; /* the lobby was */
    int stop_fd;
    pthread_t thread;
};

int prom_acceptor_start(struct prom_acceptor *accept, struct fx_error *err);
void prom_acceptor_stop(struct prom_acceptor *accept);

#endif
