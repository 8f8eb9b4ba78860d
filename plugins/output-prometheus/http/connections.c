/* Times and places of connections. The HTTP thread, the accepting thread, and a thread that looks at the times. */
#include "http/connections.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "prom.h"
#include "base/thread.h"

#define TICK_MS   250
#define WINDOW_MS 10000 /* a rate is judged by */
#define SOON_MS   300   /* by which one may be judged already when somebody else needs the place */
/* Cuts that answers hold beside the latest one: each takes 8 bytes a series. */
#define CUTS_MAX 4
/* What was handed over and did not begin by then never will: libmicrohttpd had no memory. */
#define HANDED_MS 5000

/* Under the lock. Counted once, and it gives its place back at once. */
static void cut_off(struct prom_connection *connection, enum prom_closed why)
{
    struct prom_connections *all = connection->all;
    if (connection->closed != PROM_CLOSED_NONE)
        return;
    connection->closed = why;
    all->cut++;
    all->pages -= connection->is_page;
    connection->is_page = false;
    shutdown(connection->fd, SHUT_RDWR);
    fx_metric_add(all->instance, PROM_CONNECTIONS_CLOSED, why, 1);
}

/*
 * What the client has taken, as far as the system knows. The time is measured only while something waits for it: that we
 * are slow is not its fault. How much of a Unix socket's queue was taken is not known; when it changes, enough was.
 */
static void look_at_answer(struct prom_connection *connection, int64_t now_ms)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    int queued = 0;
    memset(&info, 0, sizeof info);
    bool is_tcp = getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0;
    if (is_tcp)
        connection->taken = info.tcpi_bytes_acked;
    bool waits = ioctl(connection->fd, SIOCOUTQ, &queued) == 0 && queued > 0;
    bool is_taken = !waits || (!is_tcp && queued != connection->queued);
    connection->queued = queued;
    if (is_taken || connection->window_ms == 0 || now_ms - connection->window_ms >= WINDOW_MS) {
        connection->window_ms = now_ms;
        connection->window_taken = connection->taken;
    }
}

/* Bytes a second, or -1: that is too short a time to tell. */
static int64_t rate_of(const struct prom_connection *connection, int64_t now_ms, int64_t least_ms)
{
    int64_t ms = now_ms - connection->window_ms;
    if (connection->phase != PROM_PHASE_ANSWER || connection->window_ms == 0 || ms < least_ms)
        return -1;
    return (int64_t)(connection->taken - connection->window_taken) * 1000 / ms;
}

static bool is_slow(const struct prom_connection *connection, int64_t now_ms, int64_t least_ms)
{
    int64_t rate = rate_of(connection, now_ms, least_ms);
    return rate >= 0 && rate < connection->all->limits.bytes_per_second;
}

static void look_at(struct prom_connection *connection, int64_t now_ms)
{
    const struct prom_limits *limits = &connection->all->limits;
    int64_t ms = now_ms - connection->since_ms;
    if (connection->phase == PROM_PHASE_HEAD && ms >= limits->request_ms)
        cut_off(connection, PROM_CLOSED_REQUEST_TIME);
    else if (connection->phase == PROM_PHASE_IDLE && ms >= limits->idle_ms)
        cut_off(connection, PROM_CLOSED_IDLE);
    else if (connection->phase == PROM_PHASE_ANSWER && ms >= limits->answer_ms)
        cut_off(connection, PROM_CLOSED_ANSWER_TIME);
    else if (connection->phase == PROM_PHASE_ANSWER && is_slow(connection, now_ms, WINDOW_MS))
        cut_off(connection, PROM_CLOSED_SLOW);
    else if (connection->phase == PROM_PHASE_ANSWER)
        look_at_answer(connection, now_ms);
}

static void *thread_main(void *arg)
{
    struct prom_connections *all = arg;
    pthread_mutex_lock(&all->lock);
    while (!all->stopping) {
        if (!all->first) {
            pthread_cond_wait(&all->changed, &all->lock);
            continue;
        }
        int64_t now_ms = prom_clock_ms(), until_ms = now_ms + TICK_MS;
        for (struct prom_connection *connection = all->first; connection; connection = connection->next)
            if (connection->closed == PROM_CLOSED_NONE)
                look_at(connection, now_ms);
        struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&all->changed, &all->lock, &until);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}

int prom_connections_start(struct prom_connections *all, struct fx_instance *instance, const struct prom_limits *limits,
                           struct fx_series **gauges, struct fx_error *err)
{
    *all = (struct prom_connections){.instance = instance, .limits = *limits, .gauges = gauges};
    prom_lock_init(&all->lock, &all->changed);
    int rc = prom_thread_start(&all->thread, "fx-http-times", thread_main, all, err);
    if (rc)
        prom_connections_fini(all);
    return rc;
}

void prom_connections_stop(struct prom_connections *all)
{
    pthread_mutex_lock(&all->lock);
    all->stopping = true;
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    pthread_join(all->thread, NULL);
}

void prom_connections_fini(struct prom_connections *all)
{
    free(all->listeners);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
}

/*
 * Who deserves its place least: first those that are idle, then those that have not come to the end of a request, the
 * oldest first; then the slowest reader. NULL: all are at work.
 */
static struct prom_connection *least(const struct prom_connections *all, int64_t now_ms)
{
    struct prom_connection *idle = NULL, *early = NULL, *slow = NULL;
    for (struct prom_connection *one = all->first; one; one = one->next) {
        if (one->closed != PROM_CLOSED_NONE)
            continue;
        if (one->phase == PROM_PHASE_IDLE && (!idle || one->since_ms < idle->since_ms))
            idle = one;
        else if (one->phase == PROM_PHASE_HEAD && (!early || one->since_ms < early->since_ms))
            early = one;
        else if (is_slow(one, now_ms, SOON_MS) &&
                 (!slow || rate_of(one, now_ms, SOON_MS) < rate_of(slow, now_ms, SOON_MS)))
            slow = one;
    }
    return idle ? idle : early ? early : slow;
}

bool prom_connections_make_room(struct prom_connections *all)
{
    int64_t now_ms = prom_clock_ms();
    pthread_mutex_lock(&all->lock);
    if (all->handed && now_ms - all->handed_ms >= HANDED_MS)
        all->handed = 0;
    bool has_room = all->count - all->cut + all->handed < all->limits.connections;
    struct prom_connection *victim = has_room ? NULL : least(all, now_ms);
    if (victim)
        cut_off(victim, PROM_CLOSED_FULL);
    pthread_mutex_unlock(&all->lock);
    return has_room || victim;
}

void prom_connections_relieve(struct prom_connections *all)
{
    pthread_mutex_lock(&all->lock);
    struct prom_connection *victim = least(all, prom_clock_ms());
    if (victim)
        cut_off(victim, PROM_CLOSED_FULL);
    pthread_mutex_unlock(&all->lock);
}

bool prom_connections_hand(struct prom_connections *all, int fd, unsigned listener)
{
    pthread_mutex_lock(&all->lock);
    if ((size_t)fd >= all->listener_count) {
        size_t count = (size_t)fd + 256;
        unsigned char *listeners = realloc(all->listeners, count);
        if (listeners)
            all->listeners = listeners;
        all->listener_count = listeners ? count : all->listener_count;
    }
    bool has_room = (size_t)fd < all->listener_count;
    if (has_room) {
        all->listeners[fd] = (unsigned char)listener;
        all->handed++;
        all->handed_ms = prom_clock_ms();
    }
    pthread_mutex_unlock(&all->lock);
    return has_room;
}

void prom_connections_take_back(struct prom_connections *all)
{
    pthread_mutex_lock(&all->lock);
    all->handed -= all->handed > 0;
    pthread_mutex_unlock(&all->lock);
}

struct prom_connection *prom_connection_begin(struct prom_connections *all, int fd)
{
    struct prom_connection *connection = calloc(1, sizeof *connection);
    pthread_mutex_lock(&all->lock);
    all->handed -= all->handed > 0;
    if (connection) {
        *connection = (struct prom_connection){.all = all,
                                               .fd = fd,
                                               .listener = all->listeners[fd],
                                               .since_ms = prom_clock_ms(),
                                               .closed = PROM_CLOSED_NONE,
                                               .next = all->first,
                                               .link = &all->first};
        if (all->first)
            all->first->link = &connection->next;
        else
            pthread_cond_broadcast(&all->changed);
        all->first = connection;
        all->count++;
        fx_series_add(all->gauges[connection->listener], 1);
    }
    pthread_mutex_unlock(&all->lock);
    return connection;
}

void prom_connection_end(struct prom_connection *connection)
{
    struct prom_connections *all = connection->all;
    pthread_mutex_lock(&all->lock);
    *connection->link = connection->next;
    if (connection->next)
        connection->next->link = connection->link;
    all->count--;
    all->cut -= connection->closed != PROM_CLOSED_NONE;
    all->pages -= connection->is_page;
    if (connection->closed == PROM_CLOSED_NONE && !connection->had_request)
        fx_metric_add(all->instance, PROM_CONNECTIONS_CLOSED, PROM_CLOSED_INCOMPLETE, 1);
    fx_series_add(all->gauges[connection->listener], -1);
    pthread_mutex_unlock(&all->lock);
    free(connection);
}

void prom_connection_enter(struct prom_connection *connection, enum prom_phase phase)
{
    if (!connection)
        return;
    pthread_mutex_lock(&connection->all->lock);
    connection->phase = phase;
    connection->since_ms = prom_clock_ms();
    connection->window_ms = 0;
    if (phase == PROM_PHASE_IDLE) {
        connection->all->pages -= connection->is_page;
        connection->is_page = false;
    } else {
        connection->had_request = true;
    }
    pthread_mutex_unlock(&connection->all->lock);
}

/* The oldest of the cuts that answers hold beside this one, if these are so many that it has to go. Else 0. */
static uint64_t cut_to_let_go(const struct prom_connections *all, uint64_t number)
{
    uint64_t held[CUTS_MAX], oldest = 0;
    unsigned count = 0;
    for (const struct prom_connection *one = all->first; one; one = one->next) {
        bool is_known = !one->is_page || one->snapshot == number;
        for (unsigned i = 0; i < count && !is_known; i++)
            is_known = held[i] == one->snapshot;
        if (is_known)
            continue;
        if (count == CUTS_MAX)
            return oldest < one->snapshot ? oldest : one->snapshot;
        held[count++] = one->snapshot;
        oldest = oldest == 0 || one->snapshot < oldest ? one->snapshot : oldest;
    }
    return count == CUTS_MAX ? oldest : 0;
}

/* Under the lock. */
static bool may_have_page(struct prom_connections *all, int64_t now_ms)
{
    struct prom_connection *slowest = NULL;
    if (all->pages < all->limits.pages)
        return true;
    for (struct prom_connection *one = all->first; one; one = one->next)
        if (one->is_page && is_slow(one, now_ms, SOON_MS) &&
            (!slowest || rate_of(one, now_ms, SOON_MS) < rate_of(slowest, now_ms, SOON_MS)))
            slowest = one;
    if (slowest)
        cut_off(slowest, PROM_CLOSED_SLOW);
    return slowest != NULL;
}

bool prom_connection_hold_cut(struct prom_connection *connection, uint64_t number)
{
    if (!connection)
        return true;
    struct prom_connections *all = connection->all;
    pthread_mutex_lock(&all->lock);
    bool may = connection->closed == PROM_CLOSED_NONE && may_have_page(all, prom_clock_ms());
    uint64_t gone = may ? cut_to_let_go(all, number) : 0;
    for (struct prom_connection *one = all->first; gone && one; one = one->next)
        if (one->is_page && one->snapshot == gone)
            cut_off(one, PROM_CLOSED_SLOW);
    if (may) {
        connection->is_page = true;
        connection->snapshot = number;
        look_at_answer(connection, prom_clock_ms()); /* from here on its rate is measured */
        all->pages++;
    }
    pthread_mutex_unlock(&all->lock);
    return may;
}
