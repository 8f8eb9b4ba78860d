/*
 * Turns: whose pages are being made. One thread makes all pages, a block at a time. So a client with hundreds of
 * requests would slow down everybody's. Each address may have a few turns; its further requests stand in line,
 * suspended. An address without a turn gets one at once. A page that nobody reads costs nothing, so it loses its turn
 * to another one. It continues without a turn once its client reads again. Our own slowness never takes a turn away:
 * otherwise a busy machine would make all pages at once.
 */
#include <poll.h>

#include "base/clock.h"
#include "http/connections.h"
#include "self_metrics.h"

#define TURNS_MAX 8  /* at a time, if all belong to one address */
#define LAPSE_MS  10 /* how long a client may take nothing before it loses its turn */

static bool may_begin(const struct prom_connections *all, const struct prom_peer *peer)
{
    return all->turns < TURNS_MAX || peer->turns == 0;
}

static void begin(struct prom_connection *connection)
{
    connection->turn = PROM_TURN_NOW;
    connection->active_ms = prom_clock_ms();
    connection->peer->turns++;
    connection->all->turns++;
}

static void note_line(struct prom_connection *connection, int change)
{
    struct prom_connections *all = connection->all;
    connection->peer->line = (unsigned)((int)connection->peer->line + change);
    all->line_count = (unsigned)((int)all->line_count + change);
    fx_metric_set(all->instance, PROM_PAGES_WAITING, 0, all->line_count);
}

static void leave_line(struct prom_connection *connection)
{
    struct prom_connections *all = connection->all;
    if (connection->line_before)
        connection->line_before->line_after = connection->line_after;
    else
        all->line_first = connection->line_after;
    if (connection->line_after)
        connection->line_after->line_before = connection->line_before;
    else
        all->line_last = connection->line_before;
    connection->line_before = connection->line_after = NULL;
    note_line(connection, -1);
    MHD_resume_connection(connection->suspended);
}

static void stand_in_line(struct prom_connection *connection, struct MHD_Connection *suspended)
{
    struct prom_connections *all = connection->all;
    connection->turn = PROM_TURN_LINE;
    connection->suspended = suspended;
    connection->line_before = all->line_last;
    *(all->line_last ? &all->line_last->line_after : &all->line_first) = connection;
    all->line_last = connection;
    note_line(connection, 1);
    MHD_suspend_connection(suspended);
    pthread_cond_broadcast(&all->changed);
}

/*
 * Takes the first and the last in line alternately. In a flood the first ones have little time left, so serving the
 * last ones gets some answers through. But where clients come again and again, the first ones must not wait for ever.
 */
static struct prom_connection *next_in_line(struct prom_connections *all)
{
    bool is_from_end = all->line_turn++ % 2;
    struct prom_connection *one = is_from_end ? all->line_last : all->line_first;
    while (one && !may_begin(all, one->peer))
        one = is_from_end ? one->line_before : one->line_after;
    return one;
}

/* A client that has hung up while others were served gets no page: making one would take their time. */
static bool is_gone(const struct prom_connection *connection)
{
    struct pollfd look = {.fd = connection->fd, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0;
}

static void serve_line(struct prom_connections *all)
{
    struct prom_connection *next;
    while (all->line_count && (next = next_in_line(all))) {
        leave_line(next);
        next->turn = PROM_TURN_NONE;
        if (is_gone(next))
            prom_connection_shut(next, PROM_CLOSED_INCOMPLETE); /* it has no turn, and a page not begun holds nothing */
        else
            begin(next);
    }
}

static void end(struct prom_connection *connection)
{
    if (connection->turn == PROM_TURN_NOW) {
        connection->peer->turns--;
        connection->all->turns--;
    } else if (connection->turn == PROM_TURN_LINE) {
        leave_line(connection);
    }
    connection->turn = PROM_TURN_NONE;
}

void prom_turn_end(struct prom_connection *connection)
{
    if (connection->turn == PROM_TURN_NONE)
        return;
    end(connection);
    serve_line(connection->all);
}

bool prom_turn_take(struct prom_connection *connection, struct MHD_Connection *suspend)
{
    if (!connection)
        return true;
    struct prom_connections *all = connection->all;
    pthread_mutex_lock(&all->lock);
    if (connection->turn == PROM_TURN_NONE && connection->closed == PROM_CLOSED_NONE && !all->stopping) {
        if (may_begin(all, connection->peer))
            begin(connection);
        else
            stand_in_line(connection, suspend);
    }
    bool is_now = connection->turn != PROM_TURN_LINE;
    pthread_mutex_unlock(&all->lock);
    return is_now;
}

void prom_turns_pass_on(struct prom_connections *all, int64_t now_ms)
{
    for (struct prom_connection *one = all->first; one; one = one->next)
        if (one->turn == PROM_TURN_NOW && now_ms - one->active_ms >= LAPSE_MS && prom_pace_is_behind(one))
            end(one);
    serve_line(all);
}

void prom_turns_stop(struct prom_connections *all)
{
    while (all->line_first)
        end(all->line_first);
}
