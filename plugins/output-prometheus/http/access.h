/*
 * Decides which requests are allowed, by the web configuration: rate, password, TLS. Without a web configuration there
 * is no struct prom_access. Only the HTTP thread, except for start and stop.
 */
#ifndef OUTPUT_PROMETHEUS_ACCESS_H
#define OUTPUT_PROMETHEUS_ACCESS_H

#include "web/auth.h"
#include "http/request.h"
#include "http/verify.h"
#include "web/webfile.h"

struct prom_access {
    struct prom_webfile *webfile;   /* not owned */
    struct prom_known known, wrong; /* two tables, so that wrong guesses can't push out right ones */
    struct prom_verify verify;
    /* Requests that are allowed now. One more is allowed every interval_ms since filled_ms. */
    double tokens;
    int64_t interval_ms, burst, filled_ms;
};

enum prom_answer_of_access {
    PROM_ACCESS_YES,
    PROM_ACCESS_NO,   /* 401 */
    PROM_ACCESS_LATER /* the password must be checked first */
};

int prom_access_start(struct prom_access *access, struct prom_webfile *webfile, struct fx_instance *instance,
                      struct fx_error *err);
/* stop: no connection waits for a password any more. fini: call when there are no connections. */
void prom_access_stop(struct prom_access *access);
void prom_access_fini(struct prom_access *access);

/* Counts one more request. False: too many requests, so answer 429. */
bool prom_access_is_in_rate(struct prom_access *access, const struct prom_webconf *web);
/* Decides by the request's head, and erases the password in it. LATER: *check must be added to verify, or freed. */
enum prom_answer_of_access prom_access_judge(struct prom_access *access, const struct prom_request *request,
                                             struct prom_check **check);

#endif
