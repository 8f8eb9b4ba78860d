/*
 * output-prometheus: counters by AS pair, served to Prometheus. This file has the descriptor and the table of options;
 * prom.h says where the rest is.
 */
#include "prom.h"

static const char *const late_choices[] = {"keep", "rename", NULL}; /* enum prom_late */

static const char *const type_choices[] = {"counter", "gauge", "histogram", NULL}; /* enum prom_type */

static const struct fx_option metric_table[] = {
    {FX_OPTION(struct prom_metric_options, name), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "Its name. That of a counter ends in _total, others do not."},
    {FX_OPTION(struct prom_metric_options, help), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "One sentence for the page."},
    {FX_OPTION(struct prom_metric_options, type), .type = FX_OPT_ENUM, .fallback = "counter", .choices = type_choices,
     .help = "counter: the sum of the value. gauge: the value of the last record. histogram: how many records have a "
             "value up to each of 'buckets', and the sum."},
    {FX_OPTION(struct prom_metric_options, value), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The field that is added up, or looked at, which holds whole numbers; or 1, which counts records, of a "
             "counter."},
    {FX_OPTION(struct prom_metric_options, scale_by), .type = FX_OPT_STRING,
     .help = "A field by which the value is multiplied, such as sampling_rate; 0 and absent count as 1. In a histogram "
             "the record counts as so many records instead. Not together with the input's own scale_by."},
    {FX_OPTION(struct prom_metric_options, factor), .type = FX_OPT_DOUBLE, .fallback = "1",
     .help = "By which what is counted is multiplied when it is shown: 8 makes bits of bytes, 0.001 seconds of "
             "milliseconds. From 1e-12 to 1e12."},
    {FX_OPTION(struct prom_metric_options, buckets), .type = FX_OPT_LIST, .min = 1, .max = PROM_BUCKETS_MAX,
     .help = "Of a histogram: the bounds of its buckets, in the unit that is shown, from small to large; one without a "
             "bound comes behind them. Left away: 64, 256, 1024 and so on by four up to 268435456."},
    {FX_OPTION(struct prom_metric_options, match), .type = FX_OPT_MAP, .flags = FX_OPTION_LISTS,
     .help =
         "Records are counted that meet all of this: fields, and for each a value or a list of values. A value is a "
         "number, a range 64512-65534, an address or a prefix 10.0.0.0/8 or 2001:db8::/32, or a text; '!' before it "
         "negates, '=' makes a text of it."},
    {FX_OPTION(struct prom_metric_options, unless), .type = FX_OPT_MAP, .flags = FX_OPTION_LISTS,
     .help = "Of those, records are left out that meet all of this."},
    {FX_OPTION(struct prom_metric_options, labels), .type = FX_OPT_MAP, .flags = FX_OPTION_REQUIRED, .min = 1,
     .max = PROM_LABELS_MAX, .help = "Names of labels, and for each the field that it shows."},
    {FX_OPTION(struct prom_metric_options, max_series), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0,
     .max = 100000000, .unit = "series", .help = "The metric's own limit; 0: that of the plugin."},
    {FX_OPTION(struct prom_metric_options, expire_after), .type = FX_OPT_DURATION, .fallback = "0", .min = 0,
     .max = 31536000000, .help = "After how long without a change its series end; 0: that of the plugin."},
    {FX_OPTION(struct prom_metric_options, top), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = PROM_TOP_MAX,
     .unit = "series",
     .help =
         "Shows so many series at a time, the heaviest of late; records of all others are counted in one whose "
         "labels say 'other'. A heavier one takes the place of the lightest, whose value goes on in the line of "
         "ended series, so that sums stay exact. 0: all. Not with max_series of the metric, nor late_names: rename."},
    {FX_OPTION(struct prom_metric_options, top_half_life), .type = FX_OPT_DURATION, .fallback = "10m", .min = 1000,
     .max = 2592000000, .help = "With top: after this time what a series brought weighs half."},
    {.key = NULL}};

static const struct fx_option options[] = {
    {FX_OPTION(struct prom_options, listen), .type = FX_OPT_LIST, .fallback = ":9590", .min = 1, .max = 32,
     .help =
         "Where the page is served, one or several: host:port, [IPv6]:port, :port for all addresses, unix:PATH for a "
         "Unix socket, or 'systemd' (or 'systemd:NAME') for the sockets that a socket unit hands over."},
    {FX_OPTION(struct prom_options, socket_mode), .type = FX_OPT_STRING, .fallback = "0660",
     .help = "The mode of the files of Unix sockets, as octal digits in quotes."},
    {FX_OPTION(struct prom_options, socket_group), .type = FX_OPT_STRING,
     .help = "The group of the files of Unix sockets; else it is that of the program."},
    {FX_OPTION(struct prom_options, web_config), .type = FX_OPT_STRING,
     .help =
         "A file that says who may connect, as Prometheus's own exporters have it by --web.config.file: TLS, client "
         "certificates, passwords, headers. For all listeners. It is read again when it changes."},
    {FX_OPTION(struct prom_options, metrics), .type = FX_OPT_TABLES, .table = metric_table,
     .table_size = sizeof(struct prom_metric_options), .min = 1, .max = PROM_FAMILIES_MAX,
     .help = "What is counted. Left away: flow_receive_bytes_total and flow_transmit_bytes_total, by 'asn' and "
             "'as_info'."},
    {FX_OPTION(struct prom_options, asn), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = 4294967295,
     .help = "The own AS, for the default metrics: flows from it are transmitted, other flows to it received."},
    {FX_OPTION(struct prom_options, names_wait), .type = FX_OPT_DURATION, .fallback = "5s", .min = 0, .max = 3600000,
     .help = "How long a new series is held back until its names are known. It counts meanwhile; nothing is lost."},
    {FX_OPTION(struct prom_options, late_names), .type = FX_OPT_ENUM, .fallback = "keep", .choices = late_choices,
     .help = "What becomes of a series whose names change after it was shown: it keeps the labels that it was shown "
             "with, or its value goes on under the new ones and the old line is gone."},
    {FX_OPTION(struct prom_options, as_info), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Leaves the names out of the flow metrics' labels and shows them in a metric of their own, "
             "flow_as_info{as,name}, for a join in the query. No series waits for a name then."},
    {FX_OPTION(struct prom_options, created), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether an OpenMetrics page has a second line for each series that says since when it counts (_created). "
             "It makes the page twice as long, and Prometheus takes these lines for series of their own."},
    {FX_OPTION(struct prom_options, max_series), .type = FX_OPT_INTEGER, .fallback = "1000000", .min = 1,
     .max = 100000000, .unit = "series",
     .help = "Series a metric; records of further ones are counted in one series whose labels say 'other'."},
    {FX_OPTION(struct prom_options, expire_after), .type = FX_OPT_DURATION, .fallback = "0", .min = 0,
     .max = 31536000000,
     .help = "A series that has not changed for so long ends, and makes room; 0: never. Its value goes on in the "
             "metric's line of ended series, so that sums stay exact. If it comes again it begins at zero."},
    {FX_OPTION(struct prom_options, max_connections), .type = FX_OPT_INTEGER, .fallback = "256", .min = 1, .max = 65535,
     .unit = "connections",
     .help =
         "HTTP connections at a time, of all listeners. One more takes a place of the address that has most of them: "
         "of its idle connections the oldest, else of those whose request has not come, else of its readers the one "
         "that has taken nothing for the longest time."},
    {FX_OPTION(struct prom_options, max_compressed), .type = FX_OPT_INTEGER, .fallback = "16", .min = 0, .max = 65535,
     .unit = "pages",
     .help = "Pages that are compressed at a time, each with up to 1 MB of memory. One more takes the place of a slow "
             "reader of an address that has more of them, else it is sent as plain text."},
    {FX_OPTION(struct prom_options, connection_timeout), .type = FX_OPT_DURATION, .fallback = "30s", .min = 1000,
     .max = 3600000, .help = "After this time without a new request a connection is closed."},
    {FX_OPTION(struct prom_options, request_timeout), .type = FX_OPT_DURATION, .fallback = "10s", .min = 100,
     .max = 3600000,
     .help = "Within this time of its beginning the first request of a connection must be there whole."},
    {FX_OPTION(struct prom_options, answer_timeout), .type = FX_OPT_DURATION, .fallback = "2m", .min = 100,
     .max = 86400000, .help = "Within this time an answer must have been taken."},
    {FX_OPTION(struct prom_options, min_answer_rate), .type = FX_OPT_SIZE, .fallback = "4KiB", .min = 0,
     .max = 1073741824, .unit = "bytes a second",
     .help = "At less than this rate, over ten seconds, a reader is cut off."},
    {.key = NULL}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT,
             .name = "output-prometheus",
             .version = "0.1.0",
             .summary = "Counts bytes by AS pair and serves them to Prometheus.",
             .options = options,
             .options_size = sizeof(struct prom_options),
             .metrics = prom_self_metrics,
             .create = prom_create,
             .start = prom_start,
             .stop = prom_stop,
             .destroy = prom_destroy,
             .worker_new = prom_begin_worker,
             .worker_free = prom_end_worker,
             .write = prom_write,
             .before_cut = prom_before_cut,
             .cut = prom_cut,
             .prepare = prom_prepare,
             .committed = prom_committed,
             .rolled_back = prom_rolled_back,
             .restore = prom_restore};
