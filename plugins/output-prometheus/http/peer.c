/* Addresses that have connections. The caller's lock guards a struct prom_peers. */
#include "http/peer.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

static void set_ipv4(struct prom_peer_address *to, const void *address)
{
    to->bytes[10] = to->bytes[11] = 0xff;
    memcpy(to->bytes + 12, address, 4);
}

static void set_ipv6(struct prom_peer_address *to, const struct in6_addr *address)
{
    if (IN6_IS_ADDR_V4MAPPED(address)) {
        set_ipv4(to, address->s6_addr + 12);
        return;
    }
    memcpy(to->bytes, address, 8);
    to->bytes[15] = 1;
}

void prom_peer_address_set(struct prom_peer_address *to, const struct sockaddr *address)
{
    memset(to, 0, sizeof *to);
    if (address && address->sa_family == AF_INET)
        set_ipv4(to, &((const struct sockaddr_in *)(const void *)address)->sin_addr);
    else if (address && address->sa_family == AF_INET6)
        set_ipv6(to, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

static struct prom_peer **bucket_of(struct prom_peers *peers, const struct prom_peer_address *address)
{
    uint64_t words[2];
    memcpy(words, address->bytes, sizeof words);
    return &peers->buckets[prom_hash_words(words, 2) % PROM_PEER_BUCKETS];
}

struct prom_peer *prom_peer_get(struct prom_peers *peers, const struct prom_peer_address *address)
{
    struct prom_peer **bucket = bucket_of(peers, address);
    for (struct prom_peer *peer = *bucket; peer; peer = peer->next)
        if (memcmp(&peer->address, address, sizeof *address) == 0) {
            peer->references++;
            return peer;
        }
    struct prom_peer *peer = calloc(1, sizeof *peer);
    if (!peer)
        return NULL;
    *peer = (struct prom_peer){.next = *bucket, .address = *address, .references = 1};
    *bucket = peer;
    return peer;
}

void prom_peer_put(struct prom_peers *peers, struct prom_peer *peer)
{
    if (--peer->references)
        return;
    struct prom_peer **link = bucket_of(peers, &peer->address);
    while (*link != peer)
        link = &(*link)->next;
    *link = peer->next;
    free(peer);
}
