/*
 * The lobby: connections that are accepted and have no place yet. One costs a descriptor and what the system keeps of
 * its request; libmicrohttpd does not know it. It waits here until its request has come and another one gives way.
 *
 * So a flood from one address does not keep out others of that address. What is never a whole request takes no place
 * of those that are. The oldest request comes first, and a client that has gone away meanwhile costs no page.
 *
 * The accepting thread's own.
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

/* How often places are looked for while requests wait, and while those that wait have said nothing yet. */
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
    bool is_ready; /* its request has come: there is something to do for it */
};

struct prom_lobby {
    const struct prom_listeners *listeners;
    struct prom_connections *connections;
    struct MHD_Daemon *daemon;
    bool is_tls;
    struct prom_waiter **waiters; /* by age */
    struct pollfd *looks;         /* of the same number */
    unsigned count, max, ready;
    bool from_end; /* the newest was served first the last time */
    unsigned pass; /* over the waiters, so that something is noted once for an address */
    /* Addresses that are held off, and how many of their requests have to wait for that. */
    struct prom_peer_address held[PROM_HELD_MAX];
    unsigned held_count, ready_max;
};

/* Of from the first four are set. */
int prom_lobby_init(struct prom_lobby *lobby, const struct prom_lobby *from, struct fx_error *err);
/* Closes all that wait. */
void prom_lobby_fini(struct prom_lobby *lobby);

/* A new connection gets a place, or waits, or is closed. */
void prom_lobby_enter(struct prom_lobby *lobby, const struct prom_client *client);
/* After so many ms prom_lobby_serve is due; -1: nobody waits. */
int64_t prom_lobby_pace(const struct prom_lobby *lobby);
/* Gives places to those that wait, as far as there are any. */
void prom_lobby_serve(struct prom_lobby *lobby);
/* One that waits goes, if there is any: descriptors are used up. */
bool prom_lobby_relieve(struct prom_lobby *lobby);

#endif
