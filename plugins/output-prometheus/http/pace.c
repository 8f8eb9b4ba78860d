/* How fast answers are taken, and the thread that checks time limits. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "http/connections.h"

#define TICK_MS   250
#define LINE_MS   10    /* while connections stand in line */
#define WINDOW_MS 10000 /* for the minimum rate */
#define SOON_MS   300   /* for comparing clients */

/*
 * Measures what the client has taken, as far as the system knows. Time counts only while something waits for the
 * client: our own slowness does not count against it. For a Unix socket the amount taken is unknown; any change counts
 * as enough.
 */
void prom_pace_look(struct prom_connection *connection, int64_t now_ms)
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

bool prom_pace_is_behind(const struct prom_connection *connection)
{
    int queued = 0;
    return ioctl(connection->fd, SIOCOUTQ, &queued) == 0 && queued > 0;
}

static int64_t pace_after(const struct prom_connection *connection, int64_t now_ms, int64_t least_ms)
{
    int64_t ms = now_ms - connection->window_ms;
    if (connection->phase != PROM_PHASE_ANSWER || connection->window_ms == 0 || ms < least_ms)
        return -1;
    return (int64_t)(connection->taken - connection->window_taken) * 1000 / ms;
}

int64_t prom_pace_of(const struct prom_connection *connection, int64_t now_ms)
{
    return pace_after(connection, now_ms, SOON_MS);
}

static bool is_slow(const struct prom_connection *connection, int64_t now_ms)
{
    int64_t pace = pace_after(connection, now_ms, WINDOW_MS);
    return pace >= 0 && pace < connection->all->limits.bytes_per_second;
}

static void look_at(struct prom_connection *connection, int64_t now_ms)
{
    const struct prom_limits *limits = &connection->all->limits;
    int64_t ms = now_ms - connection->since_ms;
    if (connection->phase == PROM_PHASE_HEAD && ms >= limits->request_ms)
        prom_connection_cut_off(connection, PROM_CLOSED_REQUEST_TIME);
    else if (connection->phase == PROM_PHASE_IDLE && ms >= limits->idle_ms)
        prom_connection_cut_off(connection, PROM_CLOSED_IDLE);
    else if (connection->phase == PROM_PHASE_ANSWER && ms >= limits->answer_ms)
        prom_connection_cut_off(connection, PROM_CLOSED_ANSWER_TIME);
    else if (connection->phase == PROM_PHASE_ANSWER && is_slow(connection, now_ms))
        prom_connection_cut_off(connection, PROM_CLOSED_SLOW);
    else if (connection->phase == PROM_PHASE_ANSWER)
        prom_pace_look(connection, now_ms);
}

static void look_at_all(struct prom_connections *all, int64_t now_ms)
{
    for (struct prom_connection *connection = all->first; connection; connection = connection->next)
        if (connection->closed == PROM_CLOSED_NONE)
            look_at(connection, now_ms);
}

void *prom_pace_main(void *arg)
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
            look_at_all(all, now_ms);
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
