/*
 * Requests that wait for a checkpoint: suspended connections, and the thread
 * that sees to their deadline. Cuts are counted here as they come; a request
 * waits for one of them to be settled, that is, committed or given back.
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
    uint64_t cut; /* that it waits for */
    int64_t deadline_ms;
    struct prom_waiting *next;
};

/* Lock order: lock, then libmicrohttpd's own. */
struct prom_wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct prom_waiting *first, **last; /* by deadline */
    uint64_t cuts, settled;             /* the number of the last cut, and of the last one that is settled */
    bool late;                          /* the last one waited in vain: do not wait until a cut is settled */
    bool stopping;
    pthread_t thread;
};

int prom_wait_start(struct prom_wait *wait, struct fx_error *err);
/* Resumes all; from now on nobody waits. */
void prom_wait_stop(struct prom_wait *wait);
/* When no request is left that could ask. */
void prom_wait_fini(struct prom_wait *wait);

/* A cut was taken; the last one was settled. Any thread. */
void prom_wait_cut(struct prom_wait *wait);
void prom_wait_settle(struct prom_wait *wait);

/* The number of the last cut. */
uint64_t prom_wait_last_cut(struct prom_wait *wait);
/*
 * Suspends the connection until this cut is settled or patience_ms, which is the same for all, are over. False: it shall
 * not wait. HTTP thread.
 */
bool prom_wait_add(struct prom_wait *wait, struct MHD_Connection *connection, uint64_t cut, int64_t patience_ms);

#endif
