/*
 * output-prometheus: counters by AS pair, served to Prometheus. This file has the descriptor and the table of options;
 * prom.h says where the rest is.
 */
#include "health.h"
#include "prom.h"

static const char *const late_choices[] = {"keep", "rename", NULL}; /* enum prom_late */

static const char *const type_choices[] = {"counter", "gauge", "histogram", NULL}; /* enum prom_type */

static const struct fx_option metric_table[] = {
    {FX_OPTION(struct prom_metric_options, name), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The name of the metric. A counter's name ends in _total, other names do not."},
    {FX_OPTION(struct prom_metric_options, help), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The metric's help text on the page, one sentence."},
    {FX_OPTION(struct prom_metric_options, type), .type = FX_OPT_ENUM, .fallback = "counter", .choices = type_choices,
     .help = "counter: the sum of the values. gauge: the value of the last record. histogram: the number of records "
             "with a value up to each of 'buckets', and the sum."},
    {FX_OPTION(struct prom_metric_options, value), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The field with the value, a whole number. For a counter also 1, which counts records."},
    {FX_OPTION(struct prom_metric_options, scale_by), .type = FX_OPT_STRING,
     .help = "A field by which the value is multiplied, such as sampling_rate; 0 and absent count as 1. In a "
             "histogram the record counts as that many records instead. Don't use it together with the input's own "
             "scale_by."},
    {FX_OPTION(struct prom_metric_options, factor), .type = FX_OPT_DOUBLE, .fallback = "1",
     .help = "Multiplies the value when it is shown: 8 turns bytes into bits, 0.001 milliseconds into seconds. From "
             "1e-12 to 1e12."},
    {FX_OPTION(struct prom_metric_options, buckets), .type = FX_OPT_LIST, .min = 1, .max = PROM_BUCKETS_MAX,
     .help = "The bounds of a histogram's buckets, in the unit of the page, in ascending order. A bucket without a "
             "bound follows. By default 64, 256, 1024 and so on by factors of four up to 268435456."},
    {FX_OPTION(struct prom_metric_options, match), .type = FX_OPT_MAP, .flags = FX_OPTION_LISTS,
     .help =
         "Conditions that a record must meet to be counted: fields, and for each a value or a list of values. A value "
         "is a number, a range (64512-65534), an address, a prefix (10.0.0.0/8, 2001:db8::/32) or a text. '!' before "
         "a value negates it, '=' makes it a text."},
    {FX_OPTION(struct prom_metric_options, unless), .type = FX_OPT_MAP, .flags = FX_OPTION_LISTS,
     .help = "A record that meets all these conditions is not counted."},
    {FX_OPTION(struct prom_metric_options, labels), .type = FX_OPT_MAP, .flags = FX_OPTION_REQUIRED, .min = 1,
     .max = PROM_LABELS_MAX, .help = "The names of the labels, and for each the field that it shows."},
    {FX_OPTION(struct prom_metric_options, max_series), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0,
     .max = 100000000, .unit = "series", .help = "The metric's own limit. 0: the plugin's limit."},
    {FX_OPTION(struct prom_metric_options, expire_after), .type = FX_OPT_DURATION, .fallback = "0", .min = 0,
     .max = 31536000000,
     .help = "A series of the metric that has not changed for this time ends. 0: the plugin's "
             "time."},
    {FX_OPTION(struct prom_metric_options, top), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = PROM_TOP_MAX,
     .unit = "series",
     .help = "The number of series to show at a time, those with the most recent traffic. Records of all others are "
             "counted in one series whose labels say 'other'. A heavier series takes the place of the lightest, whose "
             "value moves to the line of ended series, so that sums stay exact. 0: all. Not with max_series of the "
             "metric, nor late_names: rename."},
    {FX_OPTION(struct prom_metric_options, top_half_life), .type = FX_OPT_DURATION, .fallback = "10m", .min = 1000,
     .max = 2592000000, .help = "With top: traffic of this age weighs half."},
    {.key = NULL}};

static const struct fx_option options[] = {
    {FX_OPTION(struct prom_options, listen), .type = FX_OPT_LIST, .fallback = ":9590", .min = 1, .max = 32,
     .help = "One or more addresses of the page: host:port, [IPv6]:port, :port for all addresses, unix:PATH for a Unix "
             "socket, or 'systemd' (or 'systemd:NAME') for the sockets of a socket unit."},
    {FX_OPTION(struct prom_options, socket_mode), .type = FX_OPT_STRING, .fallback = "0660",
     .help = "The mode of the files of Unix sockets, as octal digits in quotes."},
    {FX_OPTION(struct prom_options, socket_group), .type = FX_OPT_STRING,
     .help = "The group of the files of Unix sockets. By default the program's group."},
    {FX_OPTION(struct prom_options, web_config), .type = FX_OPT_STRING,
     .help = "A file with TLS, client certificates, passwords and headers, in the format of --web.config.file of "
             "Prometheus's own exporters. It applies to all listeners and is read again when it changes."},
    {FX_OPTION(struct prom_options, metrics), .type = FX_OPT_TABLES, .table = metric_table,
     .table_size = sizeof(struct prom_metric_options), .min = 1, .max = PROM_FAMILIES_MAX,
     .help = "The metrics. By default flow_receive_bytes_total and flow_transmit_bytes_total, by 'asn' and 'as_info'."},
    {FX_OPTION(struct prom_options, asn), .type = FX_OPT_LIST, .min = 1, .max = PROM_OWN_MAX,
     .help = "Your own AS, or several, for the default metrics, which need it: flows from it are transmitted, other "
             "flows to it received. 15169, AS15169 or 0.15169. AS 0 is what many routers write for their own network."},
    {FX_OPTION(struct prom_options, names_wait), .type = FX_OPT_DURATION, .fallback = "5s", .min = 0, .max = 3600000,
     .help = "How long a new series may be held back until its names are known. It counts meanwhile; nothing is lost."},
    {FX_OPTION(struct prom_options, late_names), .type = FX_OPT_ENUM, .fallback = "keep", .choices = late_choices,
     .help = "What happens to a series whose names change after it was shown. keep: it keeps its labels. rename: its "
             "value moves to the new labels, and the old line disappears."},
    {FX_OPTION(struct prom_options, as_info), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether names are in a metric of their own, flow_as_info{as,name}, for a join in the query, and not in "
             "the flow metrics' labels. Then no series waits for a name."},
    {FX_OPTION(struct prom_options, created), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether an OpenMetrics page has a second line for each series, with the time since which it counts "
             "(_created). The page is twice as long, and Prometheus takes these lines for series of their own."},
    {FX_OPTION(struct prom_options, max_series), .type = FX_OPT_INTEGER, .fallback = "1000000", .min = 1,
     .max = 100000000, .unit = "series",
     .help = "The largest number of series of a metric. Records of further series are counted in one series whose "
             "labels say 'other'."},
    {FX_OPTION(struct prom_options, expire_after), .type = FX_OPT_DURATION, .fallback = "0", .min = 0,
     .max = 31536000000,
     .help = "A series that has not changed for this time ends and makes room. 0: never. Its value moves to the "
             "metric's line of ended series, so that sums stay exact. If the series returns, it begins at zero."},
    {FX_OPTION(struct prom_options, max_connections), .type = FX_OPT_INTEGER, .fallback = "256", .min = 1, .max = 65535,
     .unit = "connections",
     .help = "The largest number of HTTP connections at a time, of all listeners. Beyond it the address with the most "
             "connections loses one: the oldest idle one, else the one that has sent or taken nothing for the longest "
             "time."},
    {FX_OPTION(struct prom_options, max_compressed), .type = FX_OPT_INTEGER, .fallback = "16", .min = 0, .max = 65535,
     .unit = "pages",
     .help = "The largest number of pages that are compressed at a time, each with up to 1 MB of memory. A further "
             "page takes the place of a slow reader of an address that has more of them, or else is sent as plain "
             "text."},
    {FX_OPTION(struct prom_options, max_pages), .type = FX_OPT_INTEGER, .fallback = "0", .min = 0, .max = 65535,
     .unit = "pages",
     .help = "An option of older configurations without effect: a warning asks to remove it. Readers of pages share "
             "places by address now, and max_compressed bounds the memory for compression."},
    {FX_OPTION(struct prom_options, connection_timeout), .type = FX_OPT_DURATION, .fallback = "30s", .min = 1000,
     .max = 3600000, .help = "After this time without a new request a connection is closed."},
    {FX_OPTION(struct prom_options, request_timeout), .type = FX_OPT_DURATION, .fallback = "10s", .min = 100,
     .max = 3600000, .help = "The first request of a connection must arrive whole within this time."},
    {FX_OPTION(struct prom_options, answer_timeout), .type = FX_OPT_DURATION, .fallback = "2m", .min = 100,
     .max = 86400000, .help = "A client must take an answer within this time."},
    {FX_OPTION(struct prom_options, min_answer_rate), .type = FX_OPT_SIZE, .fallback = "4KiB", .min = 0,
     .max = 1073741824, .unit = "bytes a second",
     .help = "A reader that takes less than this, averaged over ten seconds, is cut off."},
    {.key = NULL}};

FX_PLUGIN = {FX_PLUGIN_OUTPUT,
             .name = "output-prometheus",
             .version = "0.1.0",
             .summary = "Counts bytes by AS pair and serves them to Prometheus.",
             .options = options,
             .options_size = sizeof(struct prom_options),
             .metrics = prom_self_metrics,
             .create = prom_create,
             .command = "health",
             .command_help = "[ready|alive]",
             .run_command = prom_health_run,
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
