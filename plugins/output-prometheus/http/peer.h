/*
 * Who connects, as far as an address tells: the places of connections are shared by it. IPv4 counts whole, IPv6 by its
 * network of 64 bits, which is what one customer has; all of Unix sockets are one.
 */
#ifndef OUTPUT_PROMETHEUS_HTTP_PEER_H
#define OUTPUT_PROMETHEUS_HTTP_PEER_H

#include <sys/socket.h>

/*
 * As IPv6 writes it. An IPv4 address is a mapped one, so a client is the same on listeners of either family. Of an IPv6
 * network the last byte is 1, so ::1 is not the same as what has no address, which is all zero.
 */
struct prom_peer_address {
    unsigned char bytes[16];
};

/* address: NULL, or of any family. */
void prom_peer_address_set(struct prom_peer_address *to, const struct sockaddr *address);

/* One address, while it has a connection. */
struct prom_peer {
    struct prom_peer *next;
    struct prom_peer_address address;
    unsigned references;
    unsigned places;     /* its connections that have one: all but those that were cut off */
    unsigned handed;     /* of these, those that the HTTP thread has not begun with */
    unsigned turns;      /* its pages that are being made */
    unsigned compressed; /* its pages that are being compressed */
    unsigned cuts;       /* scratch of connections.c: which cuts its pages hold, a bit each */
};

#define PROM_PEER_BUCKETS 256
struct prom_peers {
    struct prom_peer *buckets[PROM_PEER_BUCKETS];
};

/* One reference; NULL without memory. */
struct prom_peer *prom_peer_get(struct prom_peers *peers, const struct prom_peer_address *address);
void prom_peer_put(struct prom_peers *peers, struct prom_peer *peer);

#endif
