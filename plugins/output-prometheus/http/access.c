/* The rate limit and the password of a request. Only the HTTP thread. */
#include "http/access.h"

#include <string.h>

#include "base/clock.h"
#include "http/host.h"
#include "self_metrics.h"

int prom_access_start(struct prom_access *access, struct prom_webfile *webfile, struct fx_instance *instance,
                      struct fx_error *err)
{
    access->webfile = webfile;
    int rc = prom_known_init(&access->known, err);
    if (rc)
        return rc;
    rc = prom_known_init(&access->wrong, err);
    if (rc) {
        prom_known_fini(&access->known);
        return rc;
    }
    rc = prom_verify_start(&access->verify, instance, &access->known, &access->wrong, err);
    if (!rc) {
        rc = prom_webfile_start(webfile, err);
        if (!rc)
            return 0;
        prom_verify_stop(&access->verify);
        prom_verify_fini(&access->verify);
    }
    prom_known_fini(&access->wrong);
    prom_known_fini(&access->known);
    return rc;
}

void prom_access_stop(struct prom_access *access)
{
    prom_webfile_stop(access->webfile);
    prom_verify_stop(&access->verify);
}

void prom_access_fini(struct prom_access *access)
{
    prom_verify_fini(&access->verify);
    prom_known_fini(&access->wrong);
    prom_known_fini(&access->known);
}

bool prom_access_is_in_rate(struct prom_access *access, const struct prom_webconf *web)
{
    const struct prom_rate_options *rate = prom_webconf_rate(web);
    int64_t now_ms = prom_clock_ms();
    if (!rate)
        return true;
    /* new settings: start with the full burst */
    if (rate->interval != access->interval_ms || rate->burst != access->burst) {
        access->interval_ms = rate->interval;
        access->burst = rate->burst;
        access->tokens = (double)rate->burst;
        access->filled_ms = now_ms;
    }
    access->tokens += (double)(now_ms - access->filled_ms) / (double)rate->interval;
    access->filled_ms = now_ms;
    if (access->tokens > (double)rate->burst)
        access->tokens = (double)rate->burst;
    if (access->tokens < 1)
        return false;
    access->tokens -= 1;
    return true;
}

/* Looks for an earlier check of the same credentials. If there is none, makes a new one in *check. */
static enum prom_answer_of_access judge_claim(struct prom_access *access, const struct prom_request *request,
                                              const struct prom_claim *claim,
                                              const struct prom_credentials *credentials, struct prom_check **check)
{
    if (prom_known_has(&access->known, claim)) {
        fx_metric_add(request->host->instance, PROM_LOGINS, 0, 1);
        return PROM_ACCESS_YES;
    }
    if (prom_known_has(&access->wrong, claim)) {
        fx_metric_add(request->host->instance, PROM_LOGINS, 5, 1);
        return PROM_ACCESS_NO;
    }
    *check = prom_check_new(request->connection, claim, credentials);
    return *check ? PROM_ACCESS_LATER : PROM_ACCESS_NO;
}

enum prom_answer_of_access prom_access_judge(struct prom_access *access, const struct prom_request *request,
                                             struct prom_check **check)
{
    const struct fx_map *users = &request->web->options->basic_auth_users;
    struct prom_credentials credentials;
    struct prom_claim claim;
    enum prom_answer_of_access answer = PROM_ACCESS_NO;
    if (!users->count)
        return PROM_ACCESS_YES;
    const char *header =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_AUTHORIZATION);
    if (!prom_credentials_read(header, &credentials)) {
        fx_metric_add(request->host->instance, PROM_LOGINS, 4, 1);
    } else {
        prom_claim_make(&access->known, users, &credentials, &claim);
        answer = judge_claim(access, request, &claim, &credentials, check);
    }
    explicit_bzero(&credentials, sizeof credentials);
    if (header)
        explicit_bzero((void *)(uintptr_t)header, strlen(header)); /* in the connection's own memory */
    return answer;
}
