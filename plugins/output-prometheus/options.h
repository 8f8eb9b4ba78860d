/*
 * The options. The core fills them in from the table in output-prometheus.c. They do not change while an instance
 * lives.
 */
#ifndef OUTPUT_PROMETHEUS_OPTIONS_H
#define OUTPUT_PROMETHEUS_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/option.h>

#define PROM_FAMILIES_MAX 32  /* entries of the option metrics */
#define PROM_OWN_MAX      256 /* entries of the option asn */

/* One entry of the option metrics. */
struct prom_metric_options {
    const char *name, *help;
    int type;                     /* enum prom_type */
    const char *value, *scale_by; /* fields, or "1"; or NULL */
    double factor;
    struct fx_list buckets;      /* none: the usual ones */
    struct fx_map match, unless; /* field to values */
    struct fx_map labels;        /* name to field */
    int64_t max_series;          /* 0: the plugin's max_series */
    int64_t expire_after;        /* ms; 0: the plugin's expire_after */
    int64_t top, top_half_life;  /* series, 0: all; ms */
};
enum prom_type { PROM_COUNTER, PROM_GAUGE, PROM_HISTOGRAM };

struct prom_options {
    struct fx_list listen;
    const char *socket_mode, *socket_group; /* for Unix sockets */
    const char *web_config;                 /* a file, or NULL */
    struct fx_tables metrics;               /* array of struct prom_metric_options; empty: the default metrics */
    struct fx_list asn;                     /* AS numbers, as written */
    int64_t names_wait;                     /* ms */
    int late_names;                         /* enum prom_late */
    bool as_info, created;
    int64_t expire_after; /* ms; 0: never */
    int64_t max_series, max_connections, max_compressed;
    int64_t max_pages;                                           /* 0: not written; has no effect */
    int64_t connection_timeout, request_timeout, answer_timeout; /* ms */
    int64_t min_answer_rate;                                     /* bytes a second */
};

/* What happens to a series whose names change after it was shown. */
enum prom_late { PROM_LATE_KEEP, PROM_LATE_RENAME };

#endif
