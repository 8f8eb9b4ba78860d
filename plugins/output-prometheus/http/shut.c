/* A connection is shut from our side; what it holds is given back by the caller. Under the lock of connections. */
#include <sys/socket.h>

#include "http/connections.h"
#include "self_metrics.h"

void prom_connection_shut(struct prom_connection *connection, enum prom_closed why)
{
    struct prom_connections *all = connection->all;
    if (connection->closed != PROM_CLOSED_NONE)
        return;
    connection->closed = why;
    connection->peer->places--;
    all->cut_off++;
    shutdown(connection->fd, SHUT_RDWR);
    fx_metric_add(all->instance, PROM_CONNECTIONS_CLOSED, why, 1);
}
