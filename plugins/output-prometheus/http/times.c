/* The thread that ends connections whose time is over, or that take their answers too slowly. */
#include "base/clock.h"
#include "http/connections.h"

#define TICK_MS 250
#define LINE_MS 10 /* while connections stand in line */

static void bound(struct prom_connection *connection, int64_t now_ms)
{
    const struct prom_limits *limits = &connection->all->limits;
    int64_t ms = now_ms - connection->since_ms;
    if (connection->phase == PROM_PHASE_HEAD && ms >= limits->request_ms)
        prom_connection_cut_off(connection, PROM_CLOSED_REQUEST_TIME);
    else if (connection->phase == PROM_PHASE_IDLE && ms >= limits->idle_ms)
        prom_connection_cut_off(connection, PROM_CLOSED_IDLE);
    else if (connection->phase == PROM_PHASE_ANSWER && ms >= limits->answer_ms)
        prom_connection_cut_off(connection, PROM_CLOSED_ANSWER_TIME);
    else if (connection->phase == PROM_PHASE_ANSWER && prom_pace_is_slow(connection, now_ms))
        prom_connection_cut_off(connection, PROM_CLOSED_SLOW);
    else if (connection->phase == PROM_PHASE_ANSWER)
        prom_pace_measure(connection, now_ms);
}

static void bound_all(struct prom_connections *all, int64_t now_ms)
{
    for (struct prom_connection *connection = all->first; connection; connection = connection->next)
        if (connection->closed == PROM_CLOSED_NONE)
            bound(connection, now_ms);
}

void *prom_times_main(void *arg)
{
    struct prom_connections *all = arg;
    int64_t looked_ms = 0;
    pthread_mutex_lock(&all->lock);
    while (!all->stopping) {
        if (!all->first) {
            pthread_cond_wait(&all->changed, &all->lock);
            continue;
        }
        int64_t now_ms = prom_clock_ms();
        if (now_ms - looked_ms >= TICK_MS) {
            bound_all(all, now_ms);
            looked_ms = now_ms;
        }
        if (all->line_count)
            prom_turns_pass_on(all, now_ms);
        int64_t until_ms = all->line_count ? now_ms + LINE_MS : looked_ms + TICK_MS;
        struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&all->changed, &all->lock, &until);
    }
    pthread_mutex_unlock(&all->lock);
    return NULL;
}
