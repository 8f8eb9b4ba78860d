/*
 * Who may have what, by the web configuration: the rate, the password, TLS. Without one there is no struct prom_access,
 * and nothing of this is entered. The HTTP thread, but for start and stop.
 */
#ifndef OUTPUT_PROMETHEUS_ACCESS_H
#define OUTPUT_PROMETHEUS_ACCESS_H

#include "web/auth.h"
#include "http/request.h"
#include "http/verify.h"
#include "web/webfile.h"

struct prom_access {
    struct prom_webfile *webfile;   /* not owned */
    struct prom_known known, wrong; /* apart, so that guesses push nothing out that is right */
    struct prom_verify verify;
    /* Requests that may come at once, and since when that is counted: in interval_ms one more. */
    double tokens;
    int64_t interval_ms, burst, filled_ms;
};

enum prom_answer_of_access {
    PROM_ACCESS_YES,
    PROM_ACCESS_NO,   /* 401 */
    PROM_ACCESS_LATER /* its password has to be checked first */
};

int prom_access_start(struct prom_access *access, struct prom_webfile *webfile, struct fx_instance *instance,
                      struct fx_error *err);
/* No connection waits for a password any more. And: when there are no connections. */
void prom_access_stop(struct prom_access *access);
void prom_access_fini(struct prom_access *access);

/* One more request. False: there are too many, 429. */
bool prom_access_is_in_rate(struct prom_access *access, const struct prom_webconf *web);
/* By the request's head, whose password is gone then. LATER: *check is to be added to verify, or freed. */
enum prom_answer_of_access prom_access_look(struct prom_access *access, const struct prom_request *request,
                                            struct prom_check **check);

#endif
