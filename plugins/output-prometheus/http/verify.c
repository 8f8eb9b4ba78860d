/* The thread that checks passwords. There is only one, so guessing takes one processor at most. */
#include "http/verify.h"

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
    MHD_resume_connection(check->connection); /* from here on check may be freed */
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

static bool is_same(const struct prom_peer_address *a, const struct prom_peer_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The number of this address's last turn. 0: not among the last ones. */
static uint64_t last_turn_of(const struct prom_verify *verify, const struct prom_peer_address *address)
{
    for (unsigned i = 0; i < PROM_CHECKS_MAX; i++)
        if (verify->checked[i].number && is_same(&verify->checked[i].address, address))
            return verify->checked[i].number;
    return 0;
}

/* Notes the turn in the address's own place, or in the place of the address whose turn was longest ago. */
static void note_turn(struct prom_verify *verify, const struct prom_peer_address *address)
{
    struct prom_checked *place = &verify->checked[0];
    for (unsigned i = 0; i < PROM_CHECKS_MAX; i++) {
        struct prom_checked *one = &verify->checked[i];
        if (one->number && is_same(&one->address, address)) {
            place = one;
            break;
        }
        if (one->number < place->number)
            place = one;
    }
    *place = (struct prom_checked){.address = *address, .number = ++verify->done};
}

/* Takes the first check of the address whose turn was longest ago. */
static struct prom_check *take_next(struct prom_verify *verify)
{
    struct prom_check **found = &verify->first;
    for (struct prom_check **link = &(*found)->next; *link; link = &(*link)->next)
        if (last_turn_of(verify, &(*link)->address) < last_turn_of(verify, &(*found)->address))
            found = link;
    note_turn(verify, &(*found)->address);
    return take(verify, found);
}

/* Another request with the same credentials may have been checked meanwhile. */
static bool is_right(struct prom_verify *verify, struct crypt_data *data, const struct prom_check *check)
{
    if (prom_known_has(verify->known, &check->claim))
        return true;
    if (prom_known_has(verify->wrong, &check->claim))
        return false;
    bool fits = prom_bcrypt_check(data, check->claim.hash, check->password);
    prom_known_add(fits ? verify->known : verify->wrong, &check->claim);
    return fits;
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
        struct prom_check *check = take_next(verify);
        if (verify->stopping || !data) {
            finish(verify, check, PROM_CHECK_BUSY);
            continue;
        }
        pthread_mutex_unlock(&verify->lock);
        bool right = is_right(verify, data, check);
        pthread_mutex_lock(&verify->lock);
        finish(verify, check, right ? PROM_CHECK_RIGHT : PROM_CHECK_WRONG);
    }
    pthread_mutex_unlock(&verify->lock);
    free(data);
    return NULL;
}

int prom_verify_start(struct prom_verify *verify, struct fx_instance *instance, struct prom_known *known,
                      struct prom_known *wrong, struct fx_error *err)
{
    *verify = (struct prom_verify){.instance = instance, .known = known, .wrong = wrong};
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

static void note_address(struct prom_check *check)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(check->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    prom_peer_address_set(&check->address, info ? info->client_addr : NULL);
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

static unsigned count_of(const struct prom_verify *verify, const struct prom_peer_address *address)
{
    unsigned count = 0;
    for (const struct prom_check *check = verify->first; check; check = check->next)
        count += is_same(&check->address, address);
    return count;
}

/*
 * Gives the last check of the address that has the most waiting. NULL: no address has more than the newcomer's would.
 */
static struct prom_check **greediest(struct prom_verify *verify, const struct prom_check *newcomer)
{
    struct prom_check **found = NULL;
    unsigned most = count_of(verify, &newcomer->address) + 1;
    for (struct prom_check **link = &verify->first; *link; link = &(*link)->next) {
        unsigned count = count_of(verify, &(*link)->address);
        bool is_of_found = found && is_same(&(*found)->address, &(*link)->address);
        if (count > most || (is_of_found && count == most)) {
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
