/* The list of connections and their phases. The HTTP thread; other threads for start and stop. */
#include "http/connections.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/thread.h"
#include "self_metrics.h"

int prom_connections_start(struct prom_connections *all, struct fx_instance *instance, const struct prom_limits *limits,
                           struct fx_series **gauges, struct fx_error *err)
{
    *all = (struct prom_connections){.instance = instance, .limits = *limits, .gauges = gauges};
    prom_lock_init(&all->lock, &all->changed);
    int rc = prom_thread_start(&all->thread, "fx-http-times", prom_times_main, all, err);
    if (rc)
        prom_connections_fini(all);
    return rc;
}

void prom_connections_stop(struct prom_connections *all)
{
    pthread_mutex_lock(&all->lock);
    all->stopping = true;
    prom_turns_stop(all);
    pthread_cond_broadcast(&all->changed);
    pthread_mutex_unlock(&all->lock);
    pthread_join(all->thread, NULL);
}

void prom_connections_fini(struct prom_connections *all)
{
    for (size_t fd = 0; fd < all->handed_size; fd++)
        prom_place_forget(all, (int)fd);
    free(all->handed);
    pthread_cond_destroy(&all->changed);
    pthread_mutex_destroy(&all->lock);
}

static void add(struct prom_connection *connection)
{
    struct prom_connections *all = connection->all;
    if (all->first)
        all->first->link = &connection->next;
    else
        pthread_cond_broadcast(&all->changed);
    all->first = connection;
    all->count++;
    fx_series_add(all->gauges[connection->listener], 1);
}

struct prom_connection *prom_connection_begin(struct prom_connections *all, int fd)
{
    struct prom_connection *connection = calloc(1, sizeof *connection);
    int64_t now_ms = prom_clock_ms();
    pthread_mutex_lock(&all->lock);
    struct prom_handed *handed = &all->handed[fd];
    if (connection && handed->peer) {
        *connection = (struct prom_connection){.all = all,
                                               .peer = handed->peer,
                                               .fd = fd,
                                               .listener = handed->listener,
                                               .since_ms = now_ms,
                                               .active_ms = now_ms,
                                               .closed = PROM_CLOSED_NONE,
                                               .next = all->first,
                                               .link = &all->first};
        handed->peer->references++;
        handed->peer->places++;
        add(connection);
    } else {
        free(connection);
        connection = NULL;
    }
    prom_place_forget(all, fd);
    pthread_mutex_unlock(&all->lock);
    if (!connection)
        shutdown(fd, SHUT_RDWR);
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
    prom_connection_release(connection);
    if (connection->closed == PROM_CLOSED_NONE)
        connection->peer->places--;
    else
        all->cut_off--;
    if (connection->closed == PROM_CLOSED_NONE && !connection->had_request)
        fx_metric_add(all->instance, PROM_CONNECTIONS_CLOSED, PROM_CLOSED_INCOMPLETE, 1);
    fx_series_add(all->gauges[connection->listener], -1);
    prom_peer_put(&all->peers, connection->peer);
    pthread_mutex_unlock(&all->lock);
    free(connection);
}

bool prom_connection_is_served(struct prom_connection *connection)
{
    if (!connection)
        return false;
    pthread_mutex_lock(&connection->all->lock);
    bool is_served = connection->closed == PROM_CLOSED_NONE;
    pthread_mutex_unlock(&connection->all->lock);
    return is_served;
}

void prom_connection_enter(struct prom_connection *connection, enum prom_phase phase)
{
    if (!connection)
        return;
    pthread_mutex_lock(&connection->all->lock);
    connection->phase = phase;
    connection->since_ms = connection->active_ms = prom_clock_ms();
    connection->window_ms = 0;
    if (phase == PROM_PHASE_IDLE)
        prom_connection_release(connection);
    else
        connection->had_request = true;
    pthread_mutex_unlock(&connection->all->lock);
}

void prom_connection_progress(struct prom_connection *connection)
{
    if (!connection)
        return;
    pthread_mutex_lock(&connection->all->lock);
    connection->active_ms = prom_clock_ms();
    pthread_mutex_unlock(&connection->all->lock);
}

/* Gives the cut with this number, or a free place. places.c makes sure that a place is free. */
static struct prom_cut *cut_for(struct prom_connections *all, uint64_t number)
{
    struct prom_cut *found = NULL;
    for (unsigned i = 0; i <= PROM_CUTS_MAX; i++) {
        struct prom_cut *cut = &all->cuts[i];
        if (cut->readers && cut->number == number)
            return cut;
        found = cut->readers ? found : cut;
    }
    found->number = number;
    return found;
}

void prom_connection_hold_cut(struct prom_connection *connection, uint64_t number)
{
    if (!connection)
        return;
    struct prom_connections *all = connection->all;
    pthread_mutex_lock(&all->lock);
    if (connection->closed == PROM_CLOSED_NONE) {
        connection->cut = cut_for(all, number);
        connection->cut->readers++;
        prom_cuts_bound(all, connection->cut);
        prom_cuts_note(all);
        prom_pace_measure(connection, prom_clock_ms()); /* from now on its rate is measured */
    }
    pthread_mutex_unlock(&all->lock);
}
