/*
 * Connections: what each one does and since when, and which one gives way. Nobody may hold a place for ever. The head
 * of a request, an answer and idleness each have a time limit, and answers must be taken at a minimum rate (times.c).
 * When all places are taken, the address with the most places loses one (places.c). Pages are made in turns (turns.c).
 * libmicrohttpd only limits the time without a byte, and it stops accepting at its limit. So time limits and places are
 * handled here.
 *
 * A connection is cut off by shutdown() of its socket. libmicrohttpd then sees the end and closes it. A request that
 * has already arrived is not answered.
 */
#ifndef OUTPUT_PROMETHEUS_CONNECTIONS_H
#define OUTPUT_PROMETHEUS_CONNECTIONS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/plugin.h>

#include "http/peer.h"

/*
 * The most cuts that answers may hold; each needs 8 bytes for each series. For a moment there is one more: the newest,
 * which all answers share that begin at about the same time.
 */
#define PROM_CUTS_MAX 4
/* Connections that the HTTP thread has to begin with or to close. With more, it is behind. */
#define PROM_BEHIND_MAX 512

enum prom_phase {
    PROM_PHASE_HEAD,   /* TLS handshake, and the head and body of its first request */
    PROM_PHASE_WAIT,   /* waits for a checkpoint or a password check; always ends by itself */
    PROM_PHASE_ANSWER, /* an answer is being sent */
    PROM_PHASE_IDLE    /* after an answer: nothing of the next request has come, or only a part */
};

/* Why a connection was cut off, or closed without a request: the label values of http_connections_closed_total. */
enum prom_closed {
    PROM_CLOSED_REQUEST_TIME,
    PROM_CLOSED_ANSWER_TIME,
    PROM_CLOSED_IDLE,
    PROM_CLOSED_SLOW,
    PROM_CLOSED_FULL,
    PROM_CLOSED_CUT,        /* the cut that its answer reads was dropped */
    PROM_CLOSED_BUSY,       /* the HTTP thread is behind, and its address has other connections waiting for it */
    PROM_CLOSED_INCOMPLETE, /* the client closed it */
    PROM_CLOSED_NONE        /* not cut off */
};

/* The connection's turn to have its page made. */
enum prom_turn {
    PROM_TURN_NONE, /* no page to make, or nobody reads it */
    PROM_TURN_NOW,
    PROM_TURN_LINE /* suspended */
};

struct prom_webconf;

struct prom_connection {
    struct prom_connections *all;
    struct prom_connection *next, **link;
    struct prom_peer *peer;
    int fd;
    unsigned listener;
    enum prom_phase phase;
    int64_t since_ms;  /* beginning of the phase */
    int64_t active_ms; /* when the client last took a part of the answer */
    enum prom_closed closed;
    bool had_request, is_compressed;
    enum prom_turn turn;
    struct prom_connection *line_before, *line_after; /* neighbours in line */
    struct MHD_Connection *suspended;
    struct prom_cut *cut; /* the cut that its answer reads, or NULL */
    /* While an answer is sent: bytes that wait for the client, bytes taken, and since when this is measured. */
    int queued;
    uint64_t taken, window_taken;
    int64_t window_ms;        /* 0: not measured yet */
    struct prom_webconf *web; /* used by the TLS session, or NULL; for http.c */
};

/* A cut that answers hold. */
struct prom_cut {
    uint64_t number;
    unsigned readers; /* 0: this place is free */
};

/* A descriptor that was given to libmicrohttpd, but whose connection has not begun. */
struct prom_handed {
    struct prom_peer *peer; /* NULL: none */
    unsigned listener;
};

struct prom_limits {
    unsigned connections, compressed;
    int64_t request_ms, answer_ms, idle_ms;
    int64_t bytes_per_second; /* the minimum rate of an answer; 0: none */
};

struct prom_connections {
    struct fx_instance *instance;
    struct prom_limits limits;
    pthread_mutex_t lock; /* guards everything below and all connections; lock it before libmicrohttpd's own lock */
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;
    struct prom_connection *first;
    struct prom_peers peers;
    unsigned count, cut_off; /* open connections; of these, those that are cut off but not yet closed */
    unsigned compressed;     /* pages being compressed */
    unsigned turns;          /* pages being made */
    struct prom_connection *line_first, *line_last;
    unsigned line_count, line_turn;
    struct prom_cut cuts[PROM_CUTS_MAX + 1];
    struct prom_handed *handed; /* by descriptor */
    size_t handed_size;
    unsigned handed_count;
    int64_t handed_ms;         /* when a descriptor was last handed over */
    struct fx_series **gauges; /* gauges, one for each listener; not owned */
};

/* Starts a thread. gauges count the connections of each listener. */
int prom_connections_start(struct prom_connections *all, struct fx_instance *instance, const struct prom_limits *limits,
                           struct fx_series **gauges, struct fx_error *err);
/* stop: nothing is cut off any more. fini: call when all connections are closed. */
void prom_connections_stop(struct prom_connections *all);
void prom_connections_fini(struct prom_connections *all);

/*
 * The accepting thread: the connection with this descriptor has a place, and is handed to libmicrohttpd next. Perhaps
 * another one was cut off for it, if its request has come (is_ready) or if it is the first of its address. False: not
 * now.
 */
bool prom_place_take(struct prom_connections *all, int fd, unsigned listener, const struct prom_peer_address *address,
                     bool is_ready);
/* Call if it could not be handed over. */
void prom_place_return(struct prom_connections *all, int fd);
/* Whether nobody would be cut off for a newcomer. */
bool prom_places_are_free(struct prom_connections *all);
/* wait: a connection of this address begins to wait; gives NULL without memory. leave: it stops waiting. */
struct prom_peer *prom_peer_wait(struct prom_connections *all, const struct prom_peer_address *address);
void prom_peer_leave(struct prom_connections *all, struct prom_peer *peer);
/* Cuts off one connection, because no descriptor is free. */
void prom_places_relieve(struct prom_connections *all);

/*
 * The HTTP thread, when libmicrohttpd begins and ends a connection. NULL: no memory, or its place was given up for
 * lost. Then nobody would watch the connection, so it is cut off.
 */
struct prom_connection *prom_connection_begin(struct prom_connections *all, int fd);
void prom_connection_end(struct prom_connection *connection);
/* In all functions below connection may be NULL. */
/* False: it was cut off or never had a place, so nobody would get the answer. */
bool prom_connection_is_served(struct prom_connection *connection);
void prom_connection_enter(struct prom_connection *connection, enum prom_phase phase);
/* The socket had room for more of the answer. */
void prom_connection_progress(struct prom_connection *connection);
/* Holds the cut with this number until the next phase. Readers of another cut may be cut off for it. */
void prom_connection_hold_cut(struct prom_connection *connection, uint64_t number);
/*
 * Whether the page may be made now. False: the connection stands in line and is suspended. When its turn comes, its
 * request arrives again, and the result is true.
 */
bool prom_turn_take(struct prom_connection *connection, struct MHD_Connection *suspend);
/* Whether the page may be compressed; holds until the next phase. A slow reader may be cut off for it. */
bool prom_connection_compress(struct prom_connection *connection);

/* Shared by the files of connections. Call these under the lock. Each file calls only the files above it. */

/* pace.c: measures how fast the client takes the answer. */
void prom_pace_measure(struct prom_connection *connection, int64_t now_ms);
/*
 * The rate in bytes per second at which the client takes what waits for it. -1: nothing waits, or it is too early to
 * tell.
 */
int64_t prom_pace_of(const struct prom_connection *connection, int64_t now_ms);
/* Whether the rate was below the minimum for long enough. */
bool prom_pace_is_slow(const struct prom_connection *connection, int64_t now_ms);
/* Whether bytes wait for the client to take them. False: if the client gets nothing, we are slow. */
bool prom_pace_is_behind(const struct prom_connection *connection);

/* turns.c: ends the connection's turn or its wait for one. */
void prom_turn_end(struct prom_connection *connection);
/* Takes turns from clients that do not read, and gives them to the next in line. */
void prom_turns_pass_on(struct prom_connections *all, int64_t now_ms);
/* Empties the line. */
void prom_turns_stop(struct prom_connections *all);

/* shut.c: shuts a connection from our side, once. It is counted, and its place is free at once. */
void prom_connection_shut(struct prom_connection *connection, enum prom_closed why);

/* cut_off.c: frees what the answer used. */
void prom_connection_release(struct prom_connection *connection);
/* Shuts a connection and frees what its answer used. */
void prom_connection_cut_off(struct prom_connection *connection, enum prom_closed why);
/* Sets the metric of the cuts that are held. */
void prom_cuts_note(struct prom_connections *all);

/* places.c: if too many cuts are held, drops one of them, but not newest, which was just begun. */
void prom_cuts_bound(struct prom_connections *all, const struct prom_cut *newest);
/* Forgets a descriptor that was handed over. */
void prom_place_forget(struct prom_connections *all, int fd);

/* times.c: the thread that checks the time limits of all connections. */
void *prom_times_main(void *all);

#endif
