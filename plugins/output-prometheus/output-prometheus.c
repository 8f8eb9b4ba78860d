/*
 * output-prometheus: counters by AS pair, served to Prometheus. The descriptor
 * and the tables of options and metrics; prom.h says where the rest is.
 */
#include "prom.h"

static const char *const late_choices[] = {"keep", "rename", NULL}; /* enum prom_late */

static const struct fx_option options[] = {
    {FX_OPTION(struct prom_options, listen), .type = FX_OPT_STRING, .fallback = ":9590",
     .help = "Where the page is served: host:port, [IPv6]:port, or :port for all addresses."},
    {FX_OPTION(struct prom_options, asn), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = 4294967295,
     .help = "The own AS: flows from it are transmitted, other flows to it received."},
    {FX_OPTION(struct prom_options, names_wait), .type = FX_OPT_DURATION, .fallback = "5s", .min = 0, .max = 3600000,
     .help = "How long a new series is held back until its names are known. It counts meanwhile; nothing is lost."},
    {FX_OPTION(struct prom_options, late_names), .type = FX_OPT_ENUM, .fallback = "keep", .choices = late_choices,
     .help = "What becomes of a series whose names change after it was shown: it keeps the labels that it was shown "
             "with, or its value goes on under the new ones and the old line is gone."},
    {FX_OPTION(struct prom_options, as_info), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Leaves the names out of the flow metrics' labels and shows them in a metric of their own, "
             "flow_as_info{as,name}, for a join in the query. No series waits for a name then."},
    {FX_OPTION(struct prom_options, max_series), .type = FX_OPT_INTEGER, .fallback = "1000000", .min = 1,
     .max = 100000000, .unit = "series",
     .help = "Series a metric; records of further ones are counted in one series whose labels say 'other'."},
    {FX_OPTION(struct prom_options, max_connections), .type = FX_OPT_INTEGER, .fallback = "256", .min = 1, .max = 65535,
     .unit = "connections", .help = "HTTP connections at a time; further ones wait until one is closed."},
    {FX_OPTION(struct prom_options, connection_timeout), .type = FX_OPT_DURATION, .fallback = "30s", .min = 1000,
     .max = 3600000, .help = "After this time without a byte a connection is closed."},
    {.key = NULL}};

static const struct fx_metric metrics[] = {
    [PROM_SERIES] = {.name = "series", .kind = FX_GAUGE, .help = "Series that exist, held back ones included."},
    [PROM_SERIES_HELD] = {.name = "series_held",
                          .kind = FX_GAUGE,
                          .help = "Series that are held back until their names are known."},
    [PROM_OTHER] = {.name = "records_other_total",
                    .kind = FX_COUNTER,
                    .help = "Records counted in a series 'other' since there are too many series."},
    [PROM_UNMATCHED] = {.name = "records_unmatched_total",
                        .kind = FX_COUNTER,
                        .help = "Records of no metric: neither from nor to the own AS."},
    [PROM_WITHOUT_VALUE] = {.name = "records_without_value_total",
                            .kind = FX_COUNTER,
                            .help = "Records that match a metric but lack its value (bytes)."},
    [PROM_REQUESTS] = {.name = "http_requests_total",
                       .kind = FX_COUNTER,
                       .help = "HTTP requests, by what was answered.",
                       .label = "answer",
                       .values = (const char *const[]){"metrics", "healthy", "landing", "refused", NULL}},
    [PROM_PAGE_BYTES] = {.name = "page_bytes_total",
                         .kind = FX_COUNTER,
                         .help = "Bytes of pages of metrics, as handed to connections."},
    {.name = NULL}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT,
             .name = "output-prometheus",
             .version = "0.1.0",
             .summary = "Counts bytes by AS pair and serves them to Prometheus.",
             .options = options,
             .options_size = sizeof(struct prom_options),
             .metrics = metrics,
             .create = prom_create,
             .start = prom_start,
             .stop = prom_stop,
             .destroy = prom_destroy,
             .worker_new = prom_worker_new,
             .worker_free = prom_worker_free,
             .write = prom_write,
             .before_cut = prom_before_cut,
             .cut = prom_cut,
             .prepare = prom_prepare,
             .committed = prom_committed,
             .rolled_back = prom_rolled_back,
             .restore = prom_restore};
