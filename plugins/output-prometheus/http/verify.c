/* The thread that checks passwords. There is one, so whoever guesses takes one processor at most. */
#include "http/verify.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "self_metrics.h"
#include "base/thread.h"

/* Under the lock. */
static void finish(struct prom_verify *verify, struct prom_check *check, enum prom_check_state state)
{
    static const unsigned results[] = {[PROM_CHECK_RIGHT] = 1, [PROM_CHECK_WRONG] = 2, [PROM_CHECK_BUSY] = 3};
    check->state = state;
    explicit_bzero(check->password, sizeof check->password);
    fx_metric_add(verify->instance, PROM_LOGINS, results[state], 1);
    MHD_resume_connection(check->connection); /* from here on it may be freed */
}

static struct prom_check *take(struct prom_verify *verify, struct prom_check **link)
{
    struct prom_check *check = *link;
    *link = check->next;
    if (!*link)
        verify->last = link;
    verify->count--;
    fx_metric_set(verify->instance, PROM_LOGINS_WAITING, 0, verify->count);
    return check;
}

static void *thread_main(void *arg)
{
    struct prom_verify *verify = arg;
    struct crypt_data *data = calloc(1, sizeof *data);
    pthread_mutex_lock(&verify->lock);
    for (;;) {
        while (!verify->stopping && !verify->first)
            pthread_cond_wait(&verify->changed, &verify->lock);
        if (!verify->first)
            break;
        struct prom_check *check = take(verify, &verify->first);
        if (verify->stopping || !data) {
            finish(verify, check, PROM_CHECK_BUSY);
            continue;
        }
        pthread_mutex_unlock(&verify->lock);
        bool is_right = prom_known_has(verify->known, &check->claim) || /* by the same of somebody before */
                        prom_bcrypt_check(data, check->claim.hash, check->password);
        if (is_right)
            prom_known_add(verify->known, &check->claim);
        pthread_mutex_lock(&verify->lock);
        finish(verify, check, is_right ? PROM_CHECK_RIGHT : PROM_CHECK_WRONG);
    }
    pthread_mutex_unlock(&verify->lock);
    free(data);
    return NULL;
}

int prom_verify_start(struct prom_verify *verify, struct fx_instance *instance, struct prom_known *known,
                      struct fx_error *err)
{
    *verify = (struct prom_verify){.instance = instance, .known = known};
    verify->last = &verify->first;
    prom_lock_init(&verify->lock, &verify->changed);
    int rc = prom_thread_start(&verify->thread, "fx-http-login", thread_main, verify, err);
    if (rc)
        prom_verify_fini(verify);
    return rc;
}

void prom_verify_stop(struct prom_verify *verify)
{
    pthread_mutex_lock(&verify->lock);
    verify->stopping = true;
    pthread_cond_broadcast(&verify->changed);
    pthread_mutex_unlock(&verify->lock);
    pthread_join(verify->thread, NULL);
}

void prom_verify_fini(struct prom_verify *verify)
{
    pthread_mutex_destroy(&verify->lock);
    pthread_cond_destroy(&verify->changed);
}

/* Whoever has an address has its whole network of 64 bits, but for IPv4 in IPv6. */
static void note_ipv6(struct prom_check *check, const struct in6_addr *address)
{
    memcpy(check->address, address, IN6_IS_ADDR_V4MAPPED(address) ? 16 : 8);
}

static void note_address(struct prom_check *check)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(check->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    if (address && address->sa_family == AF_INET)
        memcpy(check->address, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
    else if (address && address->sa_family == AF_INET6)
        note_ipv6(check, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr);
}

struct prom_check *prom_check_new(struct MHD_Connection *connection, const struct prom_claim *claim,
                                  const struct prom_credentials *credentials)
{
    struct prom_check *check = calloc(1, sizeof *check);
    if (!check)
        return NULL;
    check->connection = connection;
    check->claim = *claim;
    memcpy(check->password, credentials->password, sizeof check->password);
    if (connection)
        note_address(check);
    return check;
}

void prom_check_free(struct prom_check *check)
{
    if (check)
        explicit_bzero(check, sizeof *check);
    free(check);
}

static unsigned count_of(const struct prom_verify *verify, const unsigned char address[16])
{
    unsigned count = 0;
    for (const struct prom_check *check = verify->first; check; check = check->next)
        count += memcmp(check->address, address, 16) == 0;
    return count;
}

/* Of the address that has most waiting, the last one; NULL: nobody has more than the newcomer would. */
static struct prom_check **greediest(struct prom_verify *verify, const struct prom_check *newcomer)
{
    struct prom_check **found = NULL;
    unsigned most = count_of(verify, newcomer->address) + 1;
    for (struct prom_check **link = &verify->first; *link; link = &(*link)->next) {
        unsigned count = count_of(verify, (*link)->address);
        bool is_same = found && memcmp((*found)->address, (*link)->address, 16) == 0;
        if (count > most || (is_same && count == most)) {
            most = count;
            found = link;
        }
    }
    return found;
}

/* Under the lock. */
static bool make_room(struct prom_verify *verify, const struct prom_check *newcomer)
{
    if (verify->count < PROM_CHECKS_MAX)
        return true;
    struct prom_check **link = greediest(verify, newcomer);
    if (link)
        finish(verify, take(verify, link), PROM_CHECK_BUSY);
    return link != NULL;
}

bool prom_verify_add(struct prom_verify *verify, struct prom_check *check)
{
    pthread_mutex_lock(&verify->lock);
    bool waits = !verify->stopping && make_room(verify, check);
    check->state = waits ? PROM_CHECK_WAITING : PROM_CHECK_BUSY;
    if (waits) {
        check->next = NULL;
        *verify->last = check;
        verify->last = &check->next;
        verify->count++;
        fx_metric_set(verify->instance, PROM_LOGINS_WAITING, 0, verify->count);
        MHD_suspend_connection(check->connection);
        pthread_cond_broadcast(&verify->changed);
    } else {
        fx_metric_add(verify->instance, PROM_LOGINS, 3, 1);
    }
    pthread_mutex_unlock(&verify->lock);
    return waits;
}

enum prom_check_state prom_verify_result(struct prom_verify *verify, const struct prom_check *check)
{
    pthread_mutex_lock(&verify->lock);
    enum prom_check_state state = check->state;
    pthread_mutex_unlock(&verify->lock);
    return state;
}
