/*
 * Holding off addresses that have asked for far more than is served: the system drops their packets that would begin a
 * connection. Their clients try again after a second, as if a packet was lost. So a client that opens connections as
 * fast as it can is slowed down to what is served, and another one of its address finds room in between. Closing its
 * connections would not slow it down.
 *
 * For TCP listeners of our own. One that systemd owns would keep the filter when we are killed.
 */
#ifndef OUTPUT_PROMETHEUS_HTTP_HOLD_H
#define OUTPUT_PROMETHEUS_HTTP_HOLD_H

#include "http/listen.h"
#include "http/peer.h"

#define PROM_HELD_MAX 8

/* These addresses and no others are held off, as far as the system can do that. */
void prom_hold(const struct prom_listeners *listeners, const struct prom_peer_address *addresses, unsigned count);

#endif
