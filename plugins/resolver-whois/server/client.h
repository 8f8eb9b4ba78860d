/*
 * One whois connection (RFC 3912: a query, then the answer until the server closes) as a state machine on a
 * non-blocking socket: look-up, connect, talk. One thread owns the connection and polls it. Every wait ends at the
 * query's deadline.
 */
#ifndef WHOIS_CLIENT_H
#define WHOIS_CLIENT_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "server/address.h"
#include "base/lines.h"
#include "server/lookup.h"

enum whois_phase { WHOIS_IDLE, WHOIS_LOOKING_UP, WHOIS_CONNECTING, WHOIS_TALKING };

enum whois_result {
    WHOIS_BUSY,   /* not ended yet */
    WHOIS_CLOSED, /* the server took the query and closed in order */
    WHOIS_FAILED, /* look-up, connection or answer failed: see why and why_errno */
    WHOIS_TIMED_OUT
};

struct whois_client {
    enum whois_phase phase;
    struct whois_lookup lookup;
    struct addrinfo *found, *next; /* all addresses; the one to try next */
    int fd;                        /* -1: none */
    int64_t deadline_ms, connect_deadline_ms;
    const struct whois_address *address;
    const char *query; /* owned by the caller, needed until the end */
    size_t query_size, sent_size;
    size_t received_size, received_max;
    void (*take_line)(void *arg, char *line, size_t size);
    void *arg;
    bool is_public_only; /* set by the caller: addresses that are not public are skipped */
    bool is_blocked;     /* an address was skipped */
    const char *why;     /* a text: what failed */
    int why_errno;       /* or 0 */
    struct whois_lines lines;
};

/* take_line gets each whole line of each answer, inside whois_client_step. */
void whois_client_init(struct whois_client *client, void (*take_line)(void *arg, char *line, size_t size), void *arg);
void whois_client_fini(struct whois_client *client);

/* Begins a query. The client must be idle. An answer of more than answer_max bytes is cut off. */
void whois_client_begin(struct whois_client *client, const struct whois_address *address, const char *query,
                        size_t query_size, size_t answer_max, int64_t deadline_ms);
/* Fills what to poll for (fd -1: nothing), and returns the time of the next step if nothing happens before. */
int64_t whois_client_prepare(const struct whois_client *client, struct pollfd *poll_fd);
/* Continues as far as possible without waiting. After any result except BUSY the client is idle again. */
enum whois_result whois_client_step(struct whois_client *client, int revents, int64_t now_ms);

#endif
