/*
 * input-kafka: flow records from Kafka topics, by librdkafka. The descriptor
 * and the options; consumer.h says how the rest hangs together.
 */
#include "consumer.h"

static const char *const starts[] = {"latest", "earliest", NULL};

static const struct fx_option options[] = {
    {FX_OPTION(struct kafka_options, brokers), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED, .min = 1, .max = 1000,
     .help = "Brokers to ask first, host:port each; the others are found by them."},
    {FX_OPTION(struct kafka_options, topics), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED, .min = 1, .max = 1000,
     .help = "Topics to read."},
    {FX_OPTION(struct kafka_options, group), .type = FX_OPT_STRING, .fallback = "flow-exporter",
     .help = "The consumer group. Programs of one group share the topics' partitions; the group's committed offsets "
             "say where to go on."},
    {FX_OPTION(struct kafka_options, start), .type = FX_OPT_ENUM, .choices = starts, .fallback = "latest",
     .help = "Where to begin in a partition for which the group has no offset yet."},
    {FX_OPTION(struct kafka_options, partitions), .type = FX_OPT_LIST, .fallback = "[all]", .min = 1, .max = 10000,
     .help = "'all': the group shares the partitions out. Numbers: just these, of each topic, without taking part in "
             "the sharing; the group's offsets still say where to go on."},
    {FX_OPTION(struct kafka_options, client_id), .type = FX_OPT_STRING, .fallback = "flow-exporter",
     .help = "The name by which brokers know this program in their logs and quotas."},
    {FX_OPTION(struct kafka_options, batch_messages), .type = FX_OPT_INTEGER, .fallback = "2000", .min = 1,
     .max = 100000, .unit = "messages", .help = "Messages that are taken from librdkafka at a time."},
    {FX_OPTION(struct kafka_options, rdkafka), .type = FX_OPT_MAP, .fallback = "{}",
     .help = "Any other property of librdkafka, such as security.protocol or fetch.wait.max.ms."},
    {.key = NULL}};

static const struct fx_metric metrics[] = {
    [KAFKA_ASSIGNED] = {.name = "kafka_assigned_partitions", .kind = FX_GAUGE, .help = "Partitions that are read."},
    [KAFKA_REBALANCES] = {.name = "kafka_rebalances_total",
                          .kind = FX_COUNTER,
                          .help = "Changes of the assignment.",
                          .label = "change",
                          .values = (const char *const[]){"assigned", "revoked", "lost", NULL}},
    [KAFKA_ERRORS] = {.name = "kafka_errors_total",
                      .kind = FX_COUNTER,
                      .help = "Errors that librdkafka reported, of brokers and of partitions."},
    {.name = NULL}};

FX_PLUGIN = {FX_PLUGIN_INPUT,
             .name = "input-kafka",
             .version = "0.1.0",
             .summary = "Reads flow records from Kafka topics as a member of a consumer group.",
             .options = options,
             .options_size = sizeof(struct kafka_options),
             .metrics = metrics,
             .create = kafka_create,
             .start = kafka_start,
             .stop = kafka_stop,
             .destroy = kafka_destroy,
             .worker_new = kafka_worker_new,
             .worker_free = kafka_worker_free,
             .poll = kafka_poll,
             .commit = kafka_commit,
             .rewind = kafka_rewind};
