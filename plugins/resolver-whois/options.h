/* The options of the plugin and its table of metrics. */
#ifndef WHOIS_OPTIONS_H
#define WHOIS_OPTIONS_H

#include <flow-exporter/plugin.h>

#include "asker.h"

struct whois_options {
    struct fx_map fields;
    struct fx_map countries;
    const char *server;
    struct fx_tables servers;
    struct fx_list referrals;
    struct fx_list names;
    int name_format;
    int country;
    const char *reserved_name;
    int64_t max_names;
    int64_t keep_known;
    int64_t keep_unknown;
    bool cache;
    int64_t cache_interval;
    int64_t query_timeout;
    int64_t retry_interval;
    int64_t batch;
};

/* Options of one server in servers. */
struct whois_server_table {
    const char *host;
    int dialect;
    const char *flags;
    int64_t connections;
    double queries_per_second;
    int64_t queries_per_day;
    int64_t batch;
    int64_t refused_interval;
};

extern const struct fx_option whois_option_table[];
extern const struct fx_metric whois_metric_table[];

struct whois_style whois_options_style(const struct whois_options *options);
struct whois_lifetimes whois_options_lifetimes(const struct whois_options *options);

/*
 * Gives the servers to ask, in order, count of them (0: none). The caller frees *servers. A negative code with err's
 * place.
 */
int whois_options_servers(const struct whois_options *options, const struct fx_instance *instance,
                          struct whois_server_options **servers, size_t *count, struct fx_error *err) FX_WARN_UNUSED;

#endif
