/*
 * Connections: what each one does, since when, and who gives way. Nobody holds a place for ever: the head of a
 * request, an answer and idleness have a time each, and an answer has to be taken at a least rate (pace.c). When all
 * places are taken, the address that has most of them gives one up (places.c). Pages are made in turn (turns.c).
 * libmicrohttpd knows only a time without a byte, and stops accepting at its limit; so times and limits are here.
 *
 * Cutting off is a shutdown() of the socket; libmicrohttpd sees its end and closes it. A request that had come before
 * is not answered any more.
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
 * Cuts that answers hold, each 8 bytes a series. With the one that is begun, which all that come at about that time
 * share, there is one more for a moment.
 */
#define PROM_CUTS_MAX 4

enum prom_phase {
    PROM_PHASE_HEAD,   /* TLS, and its first request, up to the end of the head and the body */
    PROM_PHASE_WAIT,   /* for a checkpoint, or for the check of a password: ends by itself */
    PROM_PHASE_ANSWER, /* takes an answer */
    PROM_PHASE_IDLE    /* had an answer; nothing, or a part of the next request, has come since */
};

/* Why a connection was cut off, or closed without a request: the label values of http_connections_closed_total. */
enum prom_closed {
    PROM_CLOSED_REQUEST_TIME,
    PROM_CLOSED_ANSWER_TIME,
    PROM_CLOSED_IDLE,
    PROM_CLOSED_SLOW,
    PROM_CLOSED_FULL,
    PROM_CLOSED_CUT,        /* the cut that its answer is read from had to go */
    PROM_CLOSED_BUSY,       /* the HTTP thread is behind, and its address has others that have not begun */
    PROM_CLOSED_INCOMPLETE, /* not by us */
    PROM_CLOSED_NONE        /* not cut off */
};

/* Where it stands when pages are made. */
enum prom_turn {
    PROM_TURN_NONE, /* has no page to make, or nobody reads it */
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
    int64_t since_ms;  /* of the phase */
    int64_t active_ms; /* it took something of its answer last */
    enum prom_closed closed;
    bool had_request, is_compressed;
    enum prom_turn turn;
    struct prom_connection *line_before, *line_after; /* in line */
    struct MHD_Connection *suspended;
    struct prom_cut *cut; /* that its answer is read from, or NULL */
    /* While an answer is taken: what waits for the client, what it has taken, and since when that is measured. */
    int queued;
    uint64_t taken, window_taken;
    int64_t window_ms;        /* 0: not yet */
    struct prom_webconf *web; /* that its TLS session uses, or NULL; for http.c */
};

/* A cut that answers hold. */
struct prom_cut {
    uint64_t number;
    unsigned readers; /* 0: this place is free */
};

/* A descriptor that libmicrohttpd was given and has not begun with. */
struct prom_handed {
    struct prom_peer *peer; /* NULL: none */
    unsigned listener;
};

struct prom_limits {
    unsigned connections, compressed;
    int64_t request_ms, answer_ms, idle_ms;
    int64_t bytes_per_second; /* an answer has to be taken at; 0: any */
};

struct prom_connections {
    struct fx_instance *instance;
    struct prom_limits limits;
    pthread_mutex_t lock; /* of all below and of every connection; before libmicrohttpd's own */
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;
    struct prom_connection *first;
    struct prom_peers peers;
    unsigned count, cut_off; /* open; of these, cut off but not yet closed */
    unsigned compressed;     /* pages that are being compressed */
    unsigned turns;          /* pages that are being made */
    struct prom_connection *line_first, *line_last;
    unsigned line_count, line_turn;
    struct prom_cut cuts[PROM_CUTS_MAX + 1];
    struct prom_handed *handed; /* by descriptor */
    size_t handed_size;
    unsigned handed_count;
    int64_t handed_ms;         /* the last one was */
    struct fx_series **gauges; /* by listener; not owned */
};

/* gauges: connections by listener. Starts a thread. */
int prom_connections_start(struct prom_connections *all, struct fx_instance *instance, const struct prom_limits *limits,
                           struct fx_series **gauges, struct fx_error *err);
/* From now on nothing is cut off. And: when all are closed. */
void prom_connections_stop(struct prom_connections *all);
void prom_connections_fini(struct prom_connections *all);

/*
 * The accepting thread: the connection with this descriptor has a place, perhaps after another one was cut off, and is
 * handed to libmicrohttpd next. False: not now.
 */
bool prom_place_take(struct prom_connections *all, int fd, unsigned listener, const struct prom_peer_address *address);
/* It came to nothing. */
void prom_place_return(struct prom_connections *all, int fd);
/* Cuts one off: descriptors are used up. */
void prom_places_relieve(struct prom_connections *all);

/*
 * The HTTP thread: begin and end, as libmicrohttpd tells them. NULL: there is no memory, or its place was given up for
 * lost. Nobody would watch over such a connection, so it is cut off.
 */
struct prom_connection *prom_connection_begin(struct prom_connections *all, int fd);
void prom_connection_end(struct prom_connection *connection);
/* In all of the following, connection may be NULL. */
/* False: it was cut off, or never had a place. Whatever it asks for would be made for nobody. */
bool prom_connection_is_served(struct prom_connection *connection);
void prom_connection_enter(struct prom_connection *connection, enum prom_phase phase);
/* The socket had room for more of its answer. */
void prom_connection_progress(struct prom_connection *connection);
/* Its answer holds the cut of this number until the next phase. The readers of another cut may be cut off for it. */
void prom_connection_hold_cut(struct prom_connection *connection, uint64_t number);
/*
 * Whether its page may be made now. False: it stands in line, and is suspended until it may; then its request comes
 * again, and this says true.
 */
bool prom_turn_take(struct prom_connection *connection, struct MHD_Connection *suspend);
/* Whether its page may be compressed, until the next phase. A reader that is slow may be cut off for it. */
bool prom_connection_compress(struct prom_connection *connection);

/* What connections.c, pace.c and places.c share; under the lock. */

/* Counted once, and it gives its place back at once. */
void prom_connection_cut_off(struct prom_connection *connection, enum prom_closed why);
/* Measures how fast the answer is taken. */
void prom_pace_look(struct prom_connection *connection, int64_t now_ms);
/* Bytes a second at which a client takes what waits for it, or -1: nothing waits, or it is too early to tell. */
int64_t prom_pace_of(const struct prom_connection *connection, int64_t now_ms);
/* Whether the client has to take something before we can go on. False: if nothing comes, we are slow. */
bool prom_pace_is_behind(const struct prom_connection *connection);
/* The thread that looks at the times of all of them. */
void *prom_pace_main(void *all);
/* Of the cuts that are held one goes, if there are too many: not this one, which was just begun. */
void prom_cuts_bound(struct prom_connections *all, const struct prom_cut *newest);
/* It has no page to make any more. */
void prom_turn_end(struct prom_connection *connection);
/* Whoever reads nothing loses the turn to the next in line. */
void prom_turns_pass_on(struct prom_connections *all, int64_t now_ms);
/* Nobody stands in line any more. */
void prom_turns_stop(struct prom_connections *all);
/* A handed descriptor is one no more. */
void prom_place_forget(struct prom_connections *all, int fd);

#endif
