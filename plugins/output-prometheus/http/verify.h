/*
 * Passwords that have to be checked: suspended connections, and the thread that does a bcrypt for each. Addresses take
 * turns: whoever guesses makes nobody else wait for more than one check. What waits has a bound; beyond it the address
 * that has most waiting gives way. What is known to be right, or wrong, never comes here.
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
    PROM_CHECK_BUSY /* was not checked: too many wait, or the program stops */
};

/* One request's. */
struct prom_check {
    struct prom_check *next;
    struct MHD_Connection *connection;
    struct prom_claim claim;
    char password[PROM_PASSWORD_MAX + 1];
    struct prom_peer_address address;
    enum prom_check_state state;
};

/* An address of which a check was done: the how many-th that was. */
struct prom_checked {
    struct prom_peer_address address;
    uint64_t number;
};

/* Lock order: lock, then libmicrohttpd's own. */
struct prom_verify {
    struct fx_instance *instance;
    struct prom_known *known, *wrong; /* not owned */
    pthread_mutex_t lock;             /* of all below, and of the state of every check that waits */
    pthread_cond_t changed;
    struct prom_check *first, **last;
    unsigned count;
    uint64_t done;
    struct prom_checked checked[PROM_CHECKS_MAX]; /* the addresses that had their turn last */
    bool stopping;
    pthread_t thread;
};

int prom_verify_start(struct prom_verify *verify, struct fx_instance *instance, struct prom_known *known,
                      struct prom_known *wrong, struct fx_error *err);
/* Resumes all, after the check under way; from now on nobody waits. */
void prom_verify_stop(struct prom_verify *verify);
void prom_verify_fini(struct prom_verify *verify);

/* NULL without memory. To be freed when it does not wait. */
struct prom_check *prom_check_new(struct MHD_Connection *connection, const struct prom_claim *claim,
                                  const struct prom_credentials *credentials);
void prom_check_free(struct prom_check *check); /* wipes it; NULL is fine */

/*
 * A new one: suspends its connection until it is checked. False: it does not wait, and its state says why. HTTP thread.
 */
bool prom_verify_add(struct prom_verify *verify, struct prom_check *check);
/* After its connection was resumed. */
enum prom_check_state prom_verify_result(struct prom_verify *verify, const struct prom_check *check);

#endif
