/*
 * Connections: what each one does and since when. Nobody holds one for ever: the head of a request, an answer and idleness
 * have a time each, an answer has to be taken at a least rate, and when all places are taken the one that
 * deserves its place least is cut off for the next. libmicrohttpd knows only a time without a byte, and stops
 * accepting at its limit; so times and limit are here.
 *
 * Cutting off is a shutdown() of the socket; libmicrohttpd sees its end and closes it.
 */
#ifndef OUTPUT_PROMETHEUS_CONNECTIONS_H
#define OUTPUT_PROMETHEUS_CONNECTIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/plugin.h>

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
    PROM_CLOSED_INCOMPLETE, /* not by us */
    PROM_CLOSED_NONE        /* not cut off */
};

struct prom_webconf;

struct prom_connection {
    struct prom_connections *all;
    struct prom_connection *next, **link;
    int fd;
    unsigned listener;
    enum prom_phase phase;
    int64_t since_ms; /* of the phase */
    enum prom_closed closed;
    bool had_request;
    bool is_page;      /* its answer holds a cut */
    uint64_t snapshot; /* of that number */
    /* While an answer is taken: what waits for the client, what it has taken, and since when that is measured. */
    int queued;
    uint64_t taken, window_taken;
    int64_t window_ms;        /* 0: not yet */
    struct prom_webconf *web; /* that its TLS session uses, or NULL; for http.c */
};

struct prom_limits {
    unsigned connections, pages;
    int64_t request_ms, answer_ms, idle_ms;
    int64_t bytes_per_second; /* an answer has to be taken at; 0: any */
};

struct prom_connections {
    struct fx_instance *instance;
    struct prom_limits limits;
    pthread_mutex_t lock; /* of all below and of every connection */
    pthread_cond_t changed;
    pthread_t thread;
    bool stopping;
    struct prom_connection *first;
    unsigned count, cut, pages; /* open; cut off but not yet closed; with is_page and not cut off */
    unsigned handed;            /* given to libmicrohttpd, which has not begun with them */
    int64_t handed_ms;          /* the last one was */
    unsigned char *listeners;   /* by descriptor, of those */
    size_t listener_count;
    struct fx_series **gauges; /* by listener; not owned */
};

/* gauges: connections by listener. Starts a thread. */
int prom_connections_start(struct prom_connections *all, struct fx_instance *instance, const struct prom_limits *limits,
                           struct fx_series **gauges, struct fx_error *err);
/* From now on nothing is cut off. And: when all are closed. */
void prom_connections_stop(struct prom_connections *all);
void prom_connections_fini(struct prom_connections *all);

/* The accepting thread: whether there is a place for one more, after somebody was cut off perhaps. */
bool prom_connections_make_room(struct prom_connections *all);
/* The next connection with this descriptor is of this listener. False without memory. And: it came to nothing. */
bool prom_connections_hand(struct prom_connections *all, int fd, unsigned listener);
void prom_connections_take_back(struct prom_connections *all);
/* Cuts off the one that has been idle longest: descriptors are used up. */
void prom_connections_relieve(struct prom_connections *all);

/* The HTTP thread: begin and end, as libmicrohttpd tells them. NULL without memory: it is not watched over then. */
struct prom_connection *prom_connection_begin(struct prom_connections *all, int fd);
void prom_connection_end(struct prom_connection *connection);
/* connection may be NULL. */
void prom_connection_enter(struct prom_connection *connection, enum prom_phase phase);
/*
 * Its answer will hold the cut of this number. False: there are as many such answers as may be, and none of them is
 * slow enough to be cut off for this one.
 */
bool prom_connection_hold_cut(struct prom_connection *connection, uint64_t number);

#endif
