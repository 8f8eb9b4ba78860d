/*
 * The program's own metrics: the enum by which each is counted, and the table that names each. To add a metric, add
 * a value to the enum here and a row to the table in self_metrics.c. The unit tests use the same table.
 */
#ifndef OUTPUT_PROMETHEUS_SELF_METRICS_H
#define OUTPUT_PROMETHEUS_SELF_METRICS_H

#include <flow-exporter/metric.h>

enum prom_metric {
    PROM_SERIES,
    PROM_SERIES_HELD,
    PROM_OTHER,
    PROM_UNMATCHED,
    PROM_WITHOUT_VALUE,
    PROM_REQUESTS,
    PROM_PAGE_BYTES,
    PROM_SERIES_CREATED,
    PROM_SERIES_EXPIRED,
    PROM_SCRAPE_SECONDS,
    PROM_CONNECTIONS,
    PROM_CONNECTIONS_ACCEPTED,
    PROM_CONNECTIONS_CLOSED,
    PROM_TOP_SERIES,
    PROM_TOP_PLACES,
    PROM_TOP_ADMITTED,
    PROM_TOP_DISPLACED,
    PROM_TOP_WEIGHT,
    PROM_TOP_OTHER_WEIGHT,
    PROM_LOGINS,
    PROM_LOGINS_WAITING,
    PROM_WEB_CONFIG_READS,
    PROM_WEB_CONFIG_STALE,
    PROM_CUTS_HELD,
    PROM_COMPRESSED,
    PROM_UNCOMPRESSED,
    PROM_PAGES_WAITING,
    PROM_CONNECTIONS_WAITING
};

/* Labels of PROM_REQUESTS. */
enum prom_answer {
    PROM_REQUEST_PAGE,
    PROM_REQUEST_HEALTH,
    PROM_REQUEST_LANDING,
    PROM_REQUEST_API,
    PROM_REQUEST_REFUSED
};

/* In the order of enum prom_metric. A row without a name is the last. */
extern const struct fx_metric prom_self_metrics[];

#endif
