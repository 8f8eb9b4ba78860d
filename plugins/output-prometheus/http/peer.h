/*
 * The address of a client, by which places are shared out. An IPv4 address counts as a whole, IPv6 by its network of 64
 * bits, which one customer has. All clients of Unix sockets are one.
 */
#ifndef OUTPUT_PROMETHEUS_HTTP_PEER_H
#define OUTPUT_PROMETHEUS_HTTP_PEER_H

#include <sys/socket.h>

/*
 * In the form of an IPv6 address. An IPv4 address is mapped to IPv6, so a client is the same on listeners of both
 * kinds. The last byte of an IPv6 network is set to 1: so ::1 differs from a client without an address, which is all
 * zero.
 */
struct prom_peer_address {
    unsigned char bytes[16];
};

/* address is of any family, or NULL. */
void prom_peer_address_set(struct prom_peer_address *to, const struct sockaddr *address);

/* An address as long as it has a connection. */
struct prom_peer {
    struct prom_peer *next;
    struct prom_peer_address address;
    unsigned references;
    unsigned places;     /* its connections that have a place: all but those that were cut off */
    unsigned handed;     /* of these, those that the HTTP thread has not begun */
    unsigned waiting;    /* its connections in the lobby; only the accepting thread uses this and the next two */
    unsigned ready;      /* of these, those whose request has come */
    unsigned pass;       /* scratch of lobby.c: the pass in which something was noted for this address */
    unsigned turns;      /* its pages being made */
    unsigned line;       /* its pages that wait for a turn */
    unsigned compressed; /* its pages being compressed */
    unsigned cuts;       /* scratch of places.c: one bit for each cut that its pages hold */
};

#define PROM_PEER_BUCKETS 256
struct prom_peers {
    struct prom_peer *buckets[PROM_PEER_BUCKETS];
};

/* Gives one reference, or NULL without memory. */
struct prom_peer *prom_peer_get(struct prom_peers *peers, const struct prom_peer_address *address);
void prom_peer_put(struct prom_peers *peers, struct prom_peer *peer);

#endif
