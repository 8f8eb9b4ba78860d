/*
 * Passwords to check: suspended connections, and the thread that runs bcrypt for each. Addresses take turns, so
 * somebody who guesses passwords delays others by one check at most. The number waiting is bounded. Beyond it the
 * address with the most waiting checks loses one. Credentials that are known to be right or wrong never come here.
 */
#ifndef OUTPUT_PROMETHEUS_VERIFY_H
#define OUTPUT_PROMETHEUS_VERIFY_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdbool.h>

#include "web/auth.h"
#include "http/peer.h"

#define PROM_CHECKS_MAX 64

enum prom_check_state {
    PROM_CHECK_NEW,
    PROM_CHECK_WAITING,
    PROM_CHECK_RIGHT,
    PROM_CHECK_WRONG,
    PROM_CHECK_BUSY /* not checked: too many are waiting, or the program stops */
};

/* The check of one request's password. */
struct prom_check {
    struct prom_check *next;
    struct MHD_Connection *connection;
    struct prom_claim claim;
    char password[PROM_PASSWORD_MAX + 1];
    struct prom_peer_address address;
    enum prom_check_state state;
};

/* An address that had a check, and the number of its last check. */
struct prom_checked {
    struct prom_peer_address address;
    uint64_t number;
};

/* Lock order: lock, then libmicrohttpd's own lock. */
struct prom_verify {
    struct fx_instance *instance;
    struct prom_known *known, *wrong; /* not owned */
    pthread_mutex_t lock;             /* guards everything below, and the state of each waiting check */
    pthread_cond_t changed;
    struct prom_check *first, **last;
    unsigned count;
    uint64_t done;
    struct prom_checked checked[PROM_CHECKS_MAX]; /* the addresses whose turns came last */
    bool stopping;
    pthread_t thread;
};

int prom_verify_start(struct prom_verify *verify, struct fx_instance *instance, struct prom_known *known,
                      struct prom_known *wrong, struct fx_error *err);
/* Resumes all connections once the present check has ended. Nobody waits any more. */
void prom_verify_stop(struct prom_verify *verify);
void prom_verify_fini(struct prom_verify *verify);

/* Gives NULL without memory. Free it when it does not wait. */
struct prom_check *prom_check_new(struct MHD_Connection *connection, const struct prom_claim *claim,
                                  const struct prom_credentials *credentials);
void prom_check_free(struct prom_check *check); /* erases it; NULL is fine */

/*
 * Suspends the connection of a new check until it is done. False: it does not wait, and its state says why. HTTP
 * thread.
 */
bool prom_verify_add(struct prom_verify *verify, struct prom_check *check);
/* Call after its connection was resumed. */
enum prom_check_state prom_verify_result(struct prom_verify *verify, const struct prom_check *check);

#endif
