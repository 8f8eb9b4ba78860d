/* Requests that wait for a checkpoint: suspended connections, and the thread that sees to their deadline. */
#ifndef OUTPUT_PROMETHEUS_WAIT_H
#define OUTPUT_PROMETHEUS_WAIT_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/error.h>

struct prom_waiting {
    struct MHD_Connection *connection;
    int64_t deadline_ms;
    struct prom_waiting *next;
};

/* Lock order: lock, then libmicrohttpd's own. */
struct prom_wait {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct prom_waiting *first, **last;
    bool late; /* the last one waited in vain: do not wait until a checkpoint has come */
    bool stopping;
    pthread_t thread;
};

int prom_wait_start(struct prom_wait *wait, struct fx_error *err);
/* Resumes all; from now on nobody waits. */
void prom_wait_stop(struct prom_wait *wait);

/* Suspends the connection until a checkpoint has come or its time is up. False: it shall not wait. HTTP thread. */
bool prom_wait_add(struct prom_wait *wait, struct MHD_Connection *connection);
/* A checkpoint has come. Any thread. */
void prom_wait_wake(struct prom_wait *wait);

#endif
