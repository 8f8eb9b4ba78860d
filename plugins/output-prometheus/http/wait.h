/*
 * Requests that wait for a checkpoint: suspended connections, and the thread that watches their deadlines. Cuts are
 * counted here. A request waits until a certain cut is settled, which means committed or rolled back.
 */
#ifndef OUTPUT_PROMETHEUS_WAIT_H
#define OUTPUT_PROMETHEUS_WAIT_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/error.h>

struct prom_waiting {
    struct MHD_Connection *connection;
    uint64_t cut; /* the cut that it waits for */
    int64_t deadline_ms;
    struct prom_waiting *next;
};

/* Lock order: lock, then libmicrohttpd's own lock. */
struct prom_wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct prom_waiting *first, **last; /* in the order of their deadlines */
    uint64_t cuts, settled;             /* numbers of the last cut and of the last settled cut */
    bool late;                          /* the last request waited in vain: nobody waits until a cut is settled */
    bool stopping;
    pthread_t thread;
};

int prom_wait_start(struct prom_wait *wait, struct fx_error *err);
/* Resumes all connections. Nobody waits any more. */
void prom_wait_stop(struct prom_wait *wait);
/* Call when no request can come any more. */
void prom_wait_fini(struct prom_wait *wait);

/* A cut was taken; the last cut was settled. Any thread. */
void prom_wait_cut(struct prom_wait *wait);
void prom_wait_settle(struct prom_wait *wait);

/* The number of the last cut. */
uint64_t prom_wait_last_cut(struct prom_wait *wait);
/*
 * Suspends the connection until this cut is settled or patience_ms have passed. patience_ms is the same for all. False:
 * do not wait. HTTP thread.
 */
bool prom_wait_add(struct prom_wait *wait, struct MHD_Connection *connection, uint64_t cut, int64_t patience_ms);

#endif
