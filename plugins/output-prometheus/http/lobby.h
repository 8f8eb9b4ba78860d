/*
 * The lobby: accepted connections that have no place yet. A connection in the lobby costs a descriptor and what the
 * system keeps of its request. libmicrohttpd does not know it. It waits until its request has come and a place is free.
 *
 * A flood from one address does not keep out other clients of that address. A connection that never sends a whole
 * request takes no place from those that do. The oldest request comes first. A client that has gone away meanwhile
 * costs no page.
 *
 * Only the accepting thread enters.
 */
#ifndef OUTPUT_PROMETHEUS_HTTP_LOBBY_H
#define OUTPUT_PROMETHEUS_HTTP_LOBBY_H

#include <microhttpd.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "http/connections.h"
#include "http/hold.h"
#include "http/listen.h"

/* How often the lobby looks for places: while requests wait, and while no waiting connection has sent a request yet. */
#define PROM_LOBBY_TICK_MS  5
#define PROM_LOBBY_QUIET_MS 50

struct prom_client {
    int fd;
    unsigned listener;
    struct sockaddr_storage address;
    socklen_t address_size;
};

struct prom_waiter {
    struct prom_client client;
    struct prom_peer_address address;
    struct prom_peer *peer;
    int64_t since_ms;
    bool is_ready; /* its request has come and can be served */
};

struct prom_lobby {
    const struct prom_listeners *listeners;
    struct prom_connections *connections;
    struct MHD_Daemon *daemon;
    bool is_tls;
    struct prom_waiter **waiters; /* by age */
    struct pollfd *looks;         /* with as many elements */
    unsigned count, max, ready;
    bool from_end; /* the last pass served the newest connection first */
    unsigned pass; /* number of the pass over the waiters; an address notes it to be handled once */
    /* The addresses that are held off. ready_max: the number of waiting requests from which an address is held off. */
    struct prom_peer_address held[PROM_HELD_MAX];
    unsigned held_count, ready_max;
};

/* The caller sets the first four members of from. */
int prom_lobby_init(struct prom_lobby *lobby, const struct prom_lobby *from, struct fx_error *err);
/* Closes all waiting connections. */
void prom_lobby_fini(struct prom_lobby *lobby);

/* Gives a new connection a place, lets it wait, or closes it. */
void prom_lobby_enter(struct prom_lobby *lobby, const struct prom_client *client);
/* The time in ms until prom_lobby_serve is due; -1: no connection waits. */
int64_t prom_lobby_pace(const struct prom_lobby *lobby);
/* Gives places to waiting connections while there are any. */
void prom_lobby_serve(struct prom_lobby *lobby);
/* Closes one waiting connection, if there is any. For use when descriptors are used up. */
bool prom_lobby_relieve(struct prom_lobby *lobby);

#endif
