/* Gives back what a connection holds, when its answer ends or when it is cut off. Under the lock of connections. */
#include "http/connections.h"
#include "self_metrics.h"

void prom_cuts_note(struct prom_connections *all)
{
    unsigned held = 0;
    for (unsigned i = 0; i <= PROM_CUTS_MAX; i++)
        held += all->cuts[i].readers > 0;
    fx_metric_set(all->instance, PROM_CUTS_HELD, 0, held);
}

void prom_connection_release(struct prom_connection *connection)
{
    struct prom_connections *all = connection->all;
    prom_turn_end(connection);
    if (connection->cut && --connection->cut->readers == 0)
        prom_cuts_note(all);
    connection->cut = NULL;
    if (connection->is_compressed) {
        connection->peer->compressed--;
        fx_metric_set(all->instance, PROM_COMPRESSED, 0, --all->compressed);
    }
    connection->is_compressed = false;
}

void prom_connection_cut_off(struct prom_connection *connection, enum prom_closed why)
{
    if (connection->closed != PROM_CLOSED_NONE)
        return;
    prom_connection_shut(connection, why);
    prom_connection_release(connection);
}
