/* How fast clients take their answers. Called under the lock of the connections. */
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "http/connections.h"

#define WINDOW_MS 10000 /* for the minimum rate */
#define SOON_MS   300   /* for comparing clients */

/*
 * Measures what the client has taken, as far as the system knows. Time counts only while something waits for the
 * client: our own slowness does not count against it. For a Unix socket the amount taken is unknown; any change counts
 * as enough.
 */
void prom_pace_measure(struct prom_connection *connection, int64_t now_ms)
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

bool prom_pace_is_slow(const struct prom_connection *connection, int64_t now_ms)
{
    int64_t pace = pace_after(connection, now_ms, WINDOW_MS);
    return pace >= 0 && pace < connection->all->limits.bytes_per_second;
}
