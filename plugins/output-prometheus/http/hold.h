/*
 * Holding off addresses that ask for far more than the server can serve. The system drops their packets that would
 * begin a connection. Their clients try again after a second, as if a packet had been lost. This slows down a client
 * that opens connections as fast as it can, and another client of the same address finds room in between. Closing
 * connections would not slow the first client down.
 *
 * Only our own TCP listeners do this. A listener that systemd owns would keep the filter if we were killed.
 */
#ifndef OUTPUT_PROMETHEUS_HTTP_HOLD_H
#define OUTPUT_PROMETHEUS_HTTP_HOLD_H

#include "http/listen.h"
#include "http/peer.h"

#define PROM_HELD_MAX 8

/* Holds off exactly these addresses, as far as the system can do that. */
void prom_hold(const struct prom_listeners *listeners, const struct prom_peer_address *addresses, unsigned count);

#endif
