/*
 * Reports the program's state to systemd by the protocol of sd_notify(3): one datagram to the socket that NOTIFY_SOCKET
 * names. Without that variable these functions do nothing. No failure matters to the program. Any thread. Never waits.
 */
#ifndef FXI_CLI_NOTIFY_H
#define FXI_CLI_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/visibility.h>

/* Whether somebody listens. */
bool fxi_notify_is_wanted(void);

/* Sends assignments such as "READY=1". A newline stands between two of them. False: they were not taken. */
bool fxi_notify(const char *format, ...) FX_PRINTF(1, 2);

/* The time in ms that systemd waits for a WATCHDOG=1; 0: it does not watch this process. */
int64_t fxi_notify_watchdog_ms(void);

#endif
