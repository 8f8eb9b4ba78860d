/* The tables of options and metrics, and how the options of servers combine. */
#include "options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dialect/dialects.h"

enum { FORMAT_FULL, FORMAT_SHORT };
enum { COUNTRY_STRIP, COUNTRY_KEEP };

static const char *const format_choices[] = {"full", "short", NULL};
static const char *const country_choices[] = {"strip", "keep", NULL};
static const char *const dialect_choices[] = {"cymru", "rpsl", "irrd", "arin", "lacnic", "iana", NULL};

#define SERVER_OPTION(member) FX_OPTION(struct whois_server_table, member)
#define WHOIS_OPTION(member)  FX_OPTION(struct whois_options, member)

static const struct fx_option server_table[] = {
    {SERVER_OPTION(host), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. The default port is 43."},
    {SERVER_OPTION(dialect), .type = FX_OPT_ENUM, .fallback = "cymru", .choices = dialect_choices,
     .help = "The server's protocol. cymru: Team Cymru's bulk protocol. rpsl: the databases of RIPE, APNIC, AFRINIC "
             "and RADB. irrd: IRRd's framed answers. arin, lacnic: their own protocols. iana: IANA, which names the "
             "registry to ask."},
    {SERVER_OPTION(flags), .type = FX_OPT_STRING,
     .help = "The text before the number in a query. By default '-r -T aut-num' for rpsl and 'a' for arin."},
    {SERVER_OPTION(connections), .type = FX_OPT_INTEGER, .max = WHOIS_CONNECTIONS_MAX, .unit = "connections",
     .fallback = "0",
     .help = "The largest number of connections at a time. 0: the dialect's default, 2 for rpsl, "
             "else 1."},
    {SERVER_OPTION(queries_per_second), .type = FX_OPT_DOUBLE, .fallback = "0", .max = 1000000, .unit = "numbers",
     .help = "The largest number of queries a second. 0: the dialect's default: unlimited for cymru, 50 for irrd, 5 "
             "for rpsl, 2 for arin, 1 for lacnic and iana."},
    {SERVER_OPTION(queries_per_day), .type = FX_OPT_INTEGER, .fallback = "0", .max = INT32_MAX, .unit = "numbers",
     .help =
         "The largest number of queries in 24 hours. 0: the dialect's default: unlimited for cymru, 50000 for irrd, "
         "5000 for rpsl and arin, 1000 for lacnic and iana."},
    {SERVER_OPTION(batch), .type = FX_OPT_INTEGER, .fallback = "0", .max = 100000, .unit = "numbers",
     .help = "The number of queries in one connection, where the dialect allows more than one. 0: the option 'batch' "
             "for cymru, 200 for irrd."},
    {SERVER_OPTION(refused_interval), .type = FX_OPT_DURATION, .fallback = "15m", .min = 10, .max = 86400000,
     .help = "The least pause after the server refused further queries, give or take a quarter."},
    {.key = NULL}};

const struct fx_option whois_option_table[] = {
    {WHOIS_OPTION(fields), .type = FX_OPT_MAP, .fallback = "{as_src: as_src_name, as_dst: as_dst_name}", .min = 1,
     .max = 64,
     .help = "The fields that hold AS numbers, and for each the field for its name. A record without the number "
             "counts as AS 0."},
    {WHOIS_OPTION(countries), .type = FX_OPT_MAP, .max = 64,
     .help = "The fields that hold AS numbers, and for each a field for the two letters of its country: {as_src: "
             "as_src_country}."},
    {WHOIS_OPTION(server), .type = FX_OPT_STRING, .fallback = "whois.cymru.com",
     .help = "One whois server that speaks Team Cymru's bulk protocol: HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. The "
             "default port is 43. 'none' asks no server: names come from files only. Without effect when there are "
             "'servers'."},
    {WHOIS_OPTION(servers), .type = FX_OPT_TABLES, .table = server_table,
     .table_size = sizeof(struct whois_server_table), .max = WHOIS_SERVERS_MAX,
     .help = "The servers to ask, in order. When a server does not know a number, or can't be asked, the next one is "
             "asked."},
    {WHOIS_OPTION(referrals), .type = FX_OPT_LIST, .max = 64,
     .help = "Hosts that a server may refer to, written as HOST or HOST:PORT, beside the servers themselves and the "
             "registries that are known (IANA, the regional and some national ones, on port 43 and public addresses)."},
    {WHOIS_OPTION(names), .type = FX_OPT_LIST, .max = 64,
     .help = "Files with names, in the layouts of cidr-report, RIPE and ARIN. They are read at the start and again "
             "when they have changed. No server is asked about a number in one of them. A later file wins."},
    {WHOIS_OPTION(name_format), .type = FX_OPT_ENUM, .fallback = "full", .choices = format_choices,
     .help = "Whether a name is shown whole ('GOOGLE - Google LLC') or only its handle ('GOOGLE')."},
    {WHOIS_OPTION(country), .type = FX_OPT_ENUM, .fallback = "strip", .choices = country_choices,
     .help = "Whether the country at the end of a name (', US') is stripped or kept."},
    {WHOIS_OPTION(reserved_name), .type = FX_OPT_STRING,
     .help = "The name of numbers that are reserved, private or for documentation. No server is asked about them. "
             "Without this option they have no name."},
    {WHOIS_OPTION(max_names), .type = FX_OPT_INTEGER, .fallback = "200000", .min = 1, .max = 16777216,
     .unit = "numbers",
     .help = "The number of AS numbers whose names are kept. Beyond it the number that was used longest ago is "
             "evicted, unless a series shows it. If all are in use, further numbers have no name."},
    {WHOIS_OPTION(keep_known), .type = FX_OPT_DURATION, .fallback = "7d", .min = 100, .max = INT64_C(31536000000),
     .help = "How long a name is kept. A name in use is asked for again a little earlier."},
    {WHOIS_OPTION(keep_unknown), .type = FX_OPT_DURATION, .fallback = "1h", .min = 100, .max = INT64_C(31536000000),
     .help = "How long the program remembers that no server knows a number."},
    {WHOIS_OPTION(cache), .type = FX_OPT_BOOL, .fallback = "true",
     .help = "Whether the servers' answers are kept in the state directory, so that a restart has the names at once."},
    {WHOIS_OPTION(cache_interval), .type = FX_OPT_DURATION, .fallback = "30s", .min = 10, .max = 86400000,
     .help = "How often the cache is written, if it has changed. It is also written at the stop."},
    {WHOIS_OPTION(query_timeout), .type = FX_OPT_DURATION, .fallback = "30s", .min = 100, .max = 3600000,
     .help = "After this time a query is given up. The names that arrived are kept, the others are asked for again."},
    {WHOIS_OPTION(retry_interval), .type = FX_OPT_DURATION, .fallback = "30s", .min = 10, .max = 3600000,
     .help = "The pause after a failed query. It doubles with each further failure, up to 32 times this."},
    {WHOIS_OPTION(batch), .type = FX_OPT_INTEGER, .fallback = "5000", .min = 1, .max = 100000, .unit = "numbers",
     .help = "The largest number of queries in one connection, where a server takes many."},
    {.key = NULL}};

static const char *const state_values[] = {"pending", "known", "unknown", NULL};
static const char *const done_values[] = {"done", "failed", NULL};
static const char *const referral_values[] = {"followed", "refused", NULL};
static const char *const server_label[] = {"server", NULL};
static const char *const result_labels[] = {"server", "result", NULL};
static const double second_bounds[] = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};

const struct fx_metric whois_metric_table[] = {
    [WHOIS_METRIC_QUERIES] = {.name = "whois_queries_total",
                              .kind = FX_COUNTER,
                              .labels = server_label,
                              .max_series = WHOIS_SERVERS_MAX,
                              .help = "Queries to a whois server; each is about one number."},
    [WHOIS_METRIC_ANSWERS] = {.name = "whois_answers_total",
                              .kind = FX_COUNTER,
                              .labels = result_labels,
                              .max_series = WHOIS_SERVERS_MAX * WHOIS_ANSWER_COUNT,
                              .help = "Queries by result: a name, no name, or no answer."},
    [WHOIS_METRIC_NAMES] = {.name = "whois_names",
                            .kind = FX_GAUGE,
                            .label = "state",
                            .values = state_values,
                            .help = "AS numbers that are kept, by the state of their name."},
    [WHOIS_METRIC_LOADED] = {.name = "whois_names_loaded", .kind = FX_GAUGE, .help = "Names in names files."},
    [WHOIS_METRIC_CONNECTIONS] = {.name = "whois_connections_total",
                                  .kind = FX_COUNTER,
                                  .labels = result_labels,
                                  .max_series = WHOIS_SERVERS_MAX * WHOIS_CONNECTION_COUNT,
                                  .help = "Connections to a whois server."},
    [WHOIS_METRIC_OVERFLOW] = {.name = "whois_names_overflow_total",
                               .kind = FX_COUNTER,
                               .help = "Look-ups of numbers that have no name because max_names is reached."},
    [WHOIS_METRIC_QUERY_SECONDS] = {.name = "whois_query_seconds",
                                    .kind = FX_HISTOGRAM,
                                    FX_BOUNDS(second_bounds),
                                    .help = "The duration of a query with any result."},
    [WHOIS_METRIC_QUEUE] = {.name = "whois_queue", .kind = FX_GAUGE, .help = "Numbers that wait for a query."},
    [WHOIS_METRIC_CACHE_HITS] = {.name = "whois_cache_hits_total",
                                 .kind = FX_COUNTER,
                                 .help = "Look-ups of numbers whose name was already known. Look-ups in a worker's "
                                         "own memory are not counted."},
    [WHOIS_METRIC_CACHE_AGE] = {.name = "whois_cache_age_seconds",
                                .kind = FX_GAUGE,
                                .help = "Seconds since the names were last saved on disk, or since the start."},
    [WHOIS_METRIC_CACHE_SAVES] = {.name = "whois_cache_saves_total",
                                  .kind = FX_COUNTER,
                                  .label = "result",
                                  .values = done_values,
                                  .help = "Attempts to save the names on disk."},
    [WHOIS_METRIC_EVICTIONS] = {.name = "whois_names_evicted_total",
                                .kind = FX_COUNTER,
                                .help = "Numbers that were evicted to make room for others."},
    [WHOIS_METRIC_FILE_LOADS] = {.name = "whois_file_loads_total",
                                 .kind = FX_COUNTER,
                                 .label = "result",
                                 .values = done_values,
                                 .help = "Times that a names file was read."},
    [WHOIS_METRIC_REFERRALS] = {.name = "whois_referrals_total",
                                .kind = FX_COUNTER,
                                .label = "result",
                                .values = referral_values,
                                .help = "Times that a whois server named another one to ask, by whether that was "
                                        "done: only hosts that are known or configured are asked."},
    {.name = NULL}};

struct whois_style whois_options_style(const struct whois_options *options)
{
    return (struct whois_style){.keep_country = options->country == COUNTRY_KEEP,
                                .is_short = options->name_format == FORMAT_SHORT};
}

struct whois_lifetimes whois_options_lifetimes(const struct whois_options *options)
{
    return (struct whois_lifetimes){.known_ms = options->keep_known, .unknown_ms = options->keep_unknown};
}

static void fill_defaults(struct whois_server_options *server, const struct whois_options *options)
{
    const struct whois_dialect *dialect = server->dialect;
    if (!server->flags)
        server->flags = dialect->flags;
    if (server->connections == 0)
        server->connections = (size_t)dialect->connections;
    if (server->queries_per_second == 0)
        server->queries_per_second = dialect->queries_per_second;
    if (server->queries_per_day == 0)
        server->queries_per_day = dialect->queries_per_day;
    if (server->batch == 0)
        server->batch = dialect == &whois_cymru ? (size_t)options->batch : (size_t)dialect->batch;
    if (!dialect->is_bulk)
        server->batch = 1;
    server->query_timeout_ms = options->query_timeout;
    server->retry_interval_ms = options->retry_interval;
}

static int fill_server(const struct whois_options *options, const struct fx_instance *instance, size_t index,
                       struct whois_server_options *server, struct fx_error *err)
{
    const struct whois_server_table *table = (const struct whois_server_table *)options->servers.items + index;
    const char *why = NULL;
    char place[48];
    *server = (struct whois_server_options){.text = table->host,
                                            .dialect = whois_dialects[table->dialect],
                                            .flags = table->flags,
                                            .connections = (size_t)table->connections,
                                            .batch = (size_t)table->batch,
                                            .queries_per_second = table->queries_per_second,
                                            .queries_per_day = table->queries_per_day,
                                            .refused_interval_ms = table->refused_interval};
    snprintf(place, sizeof(place), "servers[%zu].host", index);
    if (whois_address_parse(table->host, &server->address, &why) < 0)
        return fx_error_option(err, instance, place, NULL, "%s: '%s'.", why, table->host);
    snprintf(place, sizeof(place), "servers[%zu].flags", index);
    if (table->flags && (strlen(table->flags) > 200 || strpbrk(table->flags, "\r\n")))
        return fx_error_option(err, instance, place, NULL, "Flags are one line of at most 200 bytes.");
    return 0;
}

static int fill_only_server(const struct whois_options *options, const struct fx_instance *instance,
                            struct whois_server_options *server, struct fx_error *err)
{
    const char *why = NULL;
    *server = (struct whois_server_options){
        .text = options->server, .dialect = &whois_cymru, .refused_interval_ms = INT64_C(15) * 60 * 1000};
    if (whois_address_parse(options->server, &server->address, &why) < 0)
        return fx_error_option(err, instance, "server", NULL, "%s: '%s'.", why, options->server);
    return 0;
}

static int check_referrals(const struct whois_options *options, const struct fx_instance *instance,
                           struct fx_error *err)
{
    struct whois_address address;
    const char *why = NULL;
    for (size_t i = 0; i < options->referrals.count; i++) {
        const char *text = options->referrals.items[i];
        if (whois_address_parse(text, &address, &why) < 0)
            return fx_error_option(err, instance, "referrals", text, "%s: '%s'.", why, text);
    }
    return 0;
}

int whois_options_servers(const struct whois_options *options, const struct fx_instance *instance,
                          struct whois_server_options **servers, size_t *count, struct fx_error *err)
{
    bool is_table = options->servers.count > 0;
    *count = is_table ? options->servers.count : strcmp(options->server, "none") != 0;
    *servers = calloc(*count + 1, sizeof(**servers));
    if (!*servers)
        return fx_error_set(err, FX_ENOMEM, "There is no memory for the servers.");
    for (size_t i = 0; i < *count; i++) {
        struct whois_server_options *server = &(*servers)[i];
        int rc = is_table ? fill_server(options, instance, i, server, err)
                          : fill_only_server(options, instance, server, err);
        if (rc < 0)
            return rc;
        fill_defaults(server, options);
        server->all = *servers;
        server->all_count = *count;
        server->referrals = &options->referrals;
    }
    return check_referrals(options, instance, err);
}
