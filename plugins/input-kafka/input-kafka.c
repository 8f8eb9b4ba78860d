/*
 * input-kafka: flow records from Kafka topics, by librdkafka. This file has the descriptor and the options.
 * consumer.h explains the other files.
 */
#include "consumer.h"

static const char *const starts[] = {"latest", "earliest", "timestamp:", NULL};
static const char *const on_unreadable[] = {"skip", "stop", NULL};
static const char *const partition_labels[] = {"topic", "partition", NULL};
static const char *const moved_labels[] = {"topic", "partition", "effect", NULL};
static const char *const broker_labels[] = {"broker", NULL};
static const char *const rtt_labels[] = {"broker", "percentile", NULL};
static const char *const troubles[] = {[KAFKA_TROUBLE_LOGIN] = "authentication",
                                       [KAFKA_TROUBLE_TLS] = "tls",
                                       [KAFKA_TROUBLE_NAME] = "name",
                                       [KAFKA_TROUBLE_BROKERS] = "brokers_down",
                                       [KAFKA_TROUBLE_GROUP] = "group_right",
                                       [KAFKA_TROUBLE_TOPIC_RIGHT] = "topic_right",
                                       [KAFKA_TROUBLE_TOPIC_UNKNOWN] = "topic_unknown",
                                       [KAFKA_TROUBLE_BATCH] = "unreadable_batch",
                                       [KAFKA_TROUBLE_OTHER] = "other",
                                       NULL};

/*
 * librdkafka's properties whose values are not secret. All others count as secret. A list of secret properties would
 * lack those of later versions, and misspelt ones.
 */
static const char *const public_properties[] = {
    "*.ms", "*.bytes", "*.kbytes", "*.messages", "*.min.messages", "*.max", "*.size", "*.level", "*.location",
    "enable.*", "allow.*", "api.version.*", "broker.*", "socket.*", "queued.*", "fetch.*", "max.*", "metadata.*",
    "topic.metadata.*", "message.*", "receive.*", "retry.*", "log.*", "compression.*", "check.crcs", "client.rack",
    "client.dns.lookup", "debug", "group.instance.id", "group.protocol", "group.protocol.type", "group.remote.assignor",
    "isolation.level", "partition.assignment.strategy", "security.protocol", "sasl.mechanism", "sasl.mechanisms",
    "sasl.username", "sasl.kerberos.service.name", "sasl.kerberos.principal", "sasl.kerberos.keytab",
    "sasl.oauthbearer.method", "sasl.oauthbearer.client.id", "ssl.cipher.suites", "ssl.curves.list", "ssl.sigalgs.list",
    "ssl.endpoint.identification.algorithm",
    /* Refused anyway, with a reason. */
    "bootstrap.servers", "metadata.broker.list", "group.id", "client.id", "auto.*", "offset.store.*", "topic.blacklist",
    "plugin.library.paths", "test.mock.num.brokers", NULL};

static const struct fx_option options[] = {
    {FX_OPTION(struct kafka_options, brokers), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED, .min = 1, .max = 1000,
     .help = "Brokers for the first contact, host:port each. They name the other brokers."},
    {FX_OPTION(struct kafka_options, topics), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED, .min = 1, .max = 1000,
     .help = "Topics to read. A name that begins with '^' is a regular expression; new topics that match are found "
             "while the program runs."},
    {FX_OPTION(struct kafka_options, group), .type = FX_OPT_STRING, .fallback = "flow-exporter",
     .help = "The consumer group. Programs of one group share the topics' partitions, and continue at the group's "
             "committed offsets."},
    {FX_OPTION(struct kafka_options, start), .type = FX_OPT_CHOICE, .choices = starts, .fallback = "latest",
     .help =
         "Where to begin in a partition without a committed offset: at its end, at its first message, or at the first "
         "message of a time or later, such as 2026-01-31T12:00:00Z. Partitions and topics that are added while the "
         "program runs are read from their beginning."},
    {FX_OPTION(struct kafka_options, partitions), .type = FX_OPT_LIST, .fallback = "[all]", .min = 1, .max = 10000,
     .help = "'all': the members of the group share the partitions. Numbers: only these partitions of each topic, "
             "without sharing; reading still continues at the group's offsets."},
    {FX_OPTION(struct kafka_options, client_id), .type = FX_OPT_STRING, .fallback = "flow-exporter",
     .help = "The name of this program in the brokers' logs and quotas."},
    {FX_OPTION(struct kafka_options, batch_messages), .type = FX_OPT_INTEGER, .fallback = "2000", .min = 1,
     .max = 100000, .unit = "messages", .help = "The number of messages that are taken from librdkafka at a time."},
    {FX_OPTION(struct kafka_options, on_unreadable), .type = FX_OPT_CHOICE, .choices = on_unreadable,
     .fallback = "skip",
     .help = "What happens to a batch of messages that is damaged, can't be unpacked, or exceeds "
             "receive.message.max.bytes when unpacked. skip: the batch is passed over and its offsets count as lost. "
             "stop: the program ends."},
    {FX_OPTION(struct kafka_options, unreadable_after), .type = FX_OPT_DURATION, .fallback = "30s", .max = 86400000,
     .help = "How long the program tries to read such a batch before it applies on_unreadable."},
    {FX_OPTION(struct kafka_options, rdkafka), .type = FX_OPT_MAP, .flags = FX_OPTION_SECRETS,
     .choices = public_properties, .fallback = "{}",
     .help = "Any other property of librdkafka, such as security.protocol or fetch.wait.max.ms. A value may also be "
             "{file: PATH} or {env: NAME}; such values, and those of properties that are not known to be none, are "
             "secrets: they are neither printed nor logged."},
    {.key = NULL}};

static const struct fx_metric metrics[] = {
    [KAFKA_ASSIGNED] = {.name = "kafka_assigned_partitions",
                        .kind = FX_GAUGE,
                        .help = "Partitions that this input "
                                "reads."},
    [KAFKA_REBALANCES] = {.name = "kafka_rebalances_total",
                          .kind = FX_COUNTER,
                          .help = "Changes of the assignment.",
                          .label = "change",
                          .values = (const char *const[]){"assigned", "revoked", "lost", NULL}},
    [KAFKA_ERRORS] = {.name = "kafka_errors_total",
                      .kind = FX_COUNTER,
                      .help = "Errors that librdkafka reported, of brokers, of the group and of partitions.",
                      .label = "error",
                      .values = troubles},
    [KAFKA_LAG] = {.name = "kafka_lag_messages",
                   .kind = FX_GAUGE,
                   .help = "Messages of a partition that are not read yet.",
                   .labels = partition_labels,
                   .max_series = 10000},
    [KAFKA_POSITION] = {.name = "kafka_position",
                        .kind = FX_GAUGE,
                        .help = "The offset of the next message to read in a partition.",
                        .labels = partition_labels,
                        .max_series = 10000},
    [KAFKA_BROKER_UP] = {.name = "kafka_broker_up",
                         .kind = FX_GAUGE,
                         .help = "Whether a broker is connected.",
                         .labels = broker_labels,
                         .max_series = 1000},
    [KAFKA_BROKER_ERRORS] = {.name = "kafka_broker_errors_total",
                             .kind = FX_COUNTER,
                             .help = "Requests and answers of a broker that failed.",
                             .labels = broker_labels,
                             .max_series = 1000},
    [KAFKA_BROKER_RTT] = {.name = "kafka_broker_request_seconds",
                          .kind = FX_GAUGE | FX_NANOSECONDS,
                          .help = "The time from a request to its answer, by percentile of the last moments. A fetch "
                                  "waits for messages up to fetch.wait.max.ms.",
                          .labels = rtt_labels,
                          .max_series = 2000},
    [KAFKA_GONE_BACK] = {.name = "kafka_gone_back_total",
                         .kind = FX_COUNTER,
                         .help = "Times that a partition was fetched again because offsets were missing."},
    [KAFKA_LOG_RESETS] = {.name = "kafka_log_resets_total",
                          .kind = FX_COUNTER,
                          .help = "Times that a partition's log was replaced: its topic was created again, or an "
                                  "unclean leader election cut off its end.",
                          .label = "kind",
                          .values = (const char *const[]){"remade", "cut", NULL}},
    [KAFKA_UNREADABLE] = {.name = "kafka_unreadable_batches_total",
                          .kind = FX_COUNTER,
                          .help = "Batches that could not be read and were skipped."},
    [KAFKA_MOVED] = {.name = "kafka_offsets_moved_total",
                     .kind = FX_COUNTER,
                     .help = "Offsets that are counted again (repeated) or never (skipped), because the group's "
                             "offset of a partition was set from outside before the partition was assigned.",
                     .labels = moved_labels,
                     .max_series = 1000},
    [KAFKA_OVERRULED] = {.name = "kafka_offsets_overruled_total",
                         .kind = FX_COUNTER,
                         .help = "Times that the offset of a fixed partition was set or deleted from outside while "
                                 "the partition was read. The program committed its own offset again."},
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
             .rewind = kafka_rewind,
             .letter_send = kafka_letter_send,
             .letter_store = kafka_letter_store,
             .recall = kafka_recall};
