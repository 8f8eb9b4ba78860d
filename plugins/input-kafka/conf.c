/* From options to librdkafka's configuration. Main thread, no I/O. */
#include "consumer.h"

#include <errno.h>
#include <fcntl.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "timestamp.h"

/*
 * Properties that would break delivery, or that have an option of their own. The error tells the user what to do
 * instead.
 */
static const struct refused {
    const char *key, *reason;
} refused[] = {
    {"bootstrap.servers", "use the option 'brokers'"},
    {"metadata.broker.list", "use the option 'brokers'"},
    {"group.id", "use the option 'group'"},
    {"client.id", "use the option 'client_id'"},
    {"auto.offset.reset", "use the option 'start'"},
    {"enable.auto.commit", "offsets are committed with the checkpoints, else records would be lost or counted twice"},
    {"auto.commit.enable", "offsets are committed with the checkpoints, else records would be lost or counted twice"},
    {"enable.auto.offset.store", "offsets are committed with the checkpoints"},
    {"auto.commit.interval.ms", "offsets are committed with the checkpoints (state: max_interval)"},
    {"offset.store.method", "offsets are kept by the group in Kafka"},
    {"offset.store.path", "offsets are kept by the group in Kafka"},
    {"offset.store.sync.interval.ms", "offsets are kept by the group in Kafka"},
    {"topic.blacklist", "leave topics out by a narrower pattern in the option 'topics'"},
    {"enable.partition.eof", "the end of a partition tells which offsets before it hold no record"},
    {"group.remote.assignor", "it belongs to group.protocol 'consumer', which can't be used here"},
    {"plugin.library.paths", "interceptors could change what is read and committed"},
    {"test.mock.num.brokers", "it would replace the brokers by simulated ones"},
};

static int set(struct kafka_consumer *consumer, const char *option, const char *item, const char *key,
               const char *value, struct fx_error *err)
{
    char reason[256], shown[256];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(consumer->conf, key, value, reason, sizeof reason);
    if (result == RD_KAFKA_CONF_OK)
        return 0;
    if (item && fx_option_is_secret(consumer->instance, option, item)) /* the reason may show a part of the value */
        return fx_error_option(err, consumer->instance, option, item,
                               result == RD_KAFKA_CONF_UNKNOWN ? "librdkafka has no property %s"
                                                               : "librdkafka refuses the value of %s",
                               key);
    return fx_error_option(err, consumer->instance, option, item, "librdkafka refuses %s: %s", key,
                           kafka_scrub(consumer, reason, shown, sizeof shown));
}

/* librdkafka takes brokers as one text. */
static int set_brokers(struct kafka_consumer *consumer, struct fx_error *err)
{
    const struct fx_list *brokers = &consumer->options->brokers;
    size_t size = 1;
    for (size_t i = 0; i < brokers->count; i++)
        size += strlen(brokers->items[i]) + 1;
    char *joined = calloc(1, size);
    if (!joined)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    for (size_t i = 0; i < brokers->count; i++) {
        if (strchr(brokers->items[i], '@')) {
            free(joined);
            return fx_error_option(err, consumer->instance, "brokers", brokers->items[i],
                                   "a broker is HOST:PORT, without a user: name and password are rdkafka's "
                                   "sasl.username and sasl.password");
        }
        if (i)
            strcat(joined, ",");
        strcat(joined, brokers->items[i]);
    }
    int rc = set(consumer, "brokers", NULL, "bootstrap.servers", joined, err);
    free(joined);
    return rc;
}

/* librdkafka itself would notice only at the start, and not say where. */
static int check_strategy(const struct kafka_consumer *consumer, const struct fx_pair *pair, struct fx_error *err)
{
    bool is_strategy = strcmp(pair->key, "partition.assignment.strategy") == 0;
    if (!is_strategy || !strstr(pair->value, "cooperative") || !strchr(pair->value, ','))
        return 0;
    return fx_error_option(err, consumer->instance, "rdkafka", pair->key,
                           "cooperative-sticky can't be mixed with eager strategies: all members of the group use the "
                           "one or the other");
}

/*
 * The program relies on one rule: Kafka refuses each commit that comes from an older generation of the group. The newer
 * protocol (KIP-848) breaks it. There the broker changes a member's epoch without asking the member. It refuses commits
 * of members that still own their partitions. It also lets a client send a refused commit again with the new epoch. The
 * answer is the same with every version of librdkafka, even one that does not know the property.
 */
static int check_protocol(const struct kafka_consumer *consumer, const struct fx_pair *pair, struct fx_error *err)
{
    if (strcasecmp(pair->value, "classic") == 0)
        return 0;
    return fx_error_option(err, consumer->instance, "rdkafka", pair->key,
                           "%s can only be 'classic': in Kafka's newer rebalance protocol (KIP-848) a refused commit "
                           "does not prove that the partitions are lost, so records could be lost or counted twice",
                           pair->key);
}

/* A later librdkafka may have another default. A version that does not know the property has only this protocol. */
static int set_protocol(struct kafka_consumer *consumer, struct fx_error *err)
{
    char reason[256];
    rd_kafka_conf_res_t result = rd_kafka_conf_set(consumer->conf, "group.protocol", "classic", reason, sizeof reason);
    if (result == RD_KAFKA_CONF_OK || result == RD_KAFKA_CONF_UNKNOWN)
        return 0;
    return fx_error_set(err, FX_EINVAL, "librdkafka refuses group.protocol: %s", reason);
}

/* Statistics tell when a broker is up again. */
static int check_statistics(const struct kafka_consumer *consumer, const struct fx_pair *pair, struct fx_error *err)
{
    if (strcmp(pair->key, "statistics.interval.ms") != 0 || strcmp(pair->value, "0") != 0)
        return 0;
    return fx_error_option(err, consumer->instance, "rdkafka", pair->key,
                           "%s can't be 0: readiness, lag and the brokers' metrics come from the statistics",
                           pair->key);
}

/*
 * Files are opened by librdkafka's libraries, which would wait for a FIFO. Those libraries report any other reason
 * why a file cannot be opened.
 */
static int check_file(const struct kafka_consumer *consumer, const struct fx_pair *pair, struct fx_error *err)
{
    static const char suffix[] = ".location";
    size_t size = strlen(pair->key);
    const char *why;
    struct stat status;
    if (size < sizeof suffix || strcmp(pair->key + size - (sizeof suffix - 1), suffix) != 0)
        return 0;
    if (strcmp(pair->key, "ssl.ca.location") == 0 && stat(pair->value, &status) == 0 && S_ISDIR(status.st_mode))
        return 0;
    int fd = fx_file_open(pair->value, O_RDONLY, &why);
    if (fd >= 0)
        close(fd);
    if (fd != -EMEDIUMTYPE)
        return 0;
    return fx_error_option(err, consumer->instance, "rdkafka", pair->key, "%s can't be used: %s", pair->key, why);
}

static int set_user_property(struct kafka_consumer *consumer, const struct fx_pair *pair, struct fx_error *err)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strcmp(pair->key, refused[i].key) == 0)
            return fx_error_option(err, consumer->instance, "rdkafka", pair->key, "%s can't be set here: %s", pair->key,
                                   refused[i].reason);
    if (strcmp(pair->key, "group.protocol") == 0) /* set_protocol() has set it */
        return check_protocol(consumer, pair, err);
    int rc = check_strategy(consumer, pair, err);
    if (!rc)
        rc = check_statistics(consumer, pair, err);
    if (!rc)
        rc = check_file(consumer, pair, err);
    return rc ? rc : set(consumer, "rdkafka", pair->key, pair->key, pair->value, err);
}

static int set_properties(struct kafka_consumer *consumer, struct fx_error *err)
{
    const struct kafka_options *options = consumer->options;
    const struct {
        const char *option, *key, *value;
    } fixed[] = {{"group", "group.id", options->group},
                 {"client_id", "client.id", options->client_id},
                 {"group", "enable.auto.commit", "false"},
                 {"group", "enable.auto.offset.store", "false"},
                 {"group", "enable.partition.eof", "true"},
                 /*
                  * The plugin always finds offsets itself (offsets.c). This is for offsets that the topic has
                  * dropped since.
                  */
                 {"start", "auto.offset.reset", "earliest"}};
    const struct {
        const char *key, *value;
    } defaults[] = {{"partition.assignment.strategy", "cooperative-sticky"},
                    {"fetch.wait.max.ms", "100"},
                    {"socket.keepalive.enable", "true"},
                    {"statistics.interval.ms", "1000"},
                    /* librdkafka finds new partitions and topics at this interval. */
                    {"topic.metadata.refresh.interval.ms", "30000"}};
    int rc = set_brokers(consumer, err);
    if (!rc)
        rc = set_protocol(consumer, err);
    for (size_t i = 0; !rc && i < sizeof fixed / sizeof *fixed; i++)
        rc = set(consumer, fixed[i].option, NULL, fixed[i].key, fixed[i].value, err);
    for (size_t i = 0; !rc && i < sizeof defaults / sizeof *defaults; i++)
        rc = set(consumer, "rdkafka", NULL, defaults[i].key, defaults[i].value, err);
    for (size_t i = 0; !rc && i < options->rdkafka.count; i++)
        rc = set_user_property(consumer, &options->rdkafka.pairs[i], err);
    return rc;
}

/* 'all', or numbers. */
static int read_partitions(struct kafka_consumer *consumer, struct fx_error *err)
{
    const struct fx_list *list = &consumer->options->partitions;
    if (list->count == 1 && strcmp(list->items[0], "all") == 0)
        return 0;
    consumer->fixed = calloc(list->count, sizeof *consumer->fixed);
    if (!consumer->fixed)
        return fx_error_set(err, FX_ENOMEM, "out of memory");
    for (size_t i = 0; i < list->count; i++) {
        char *end;
        long number = strtol(list->items[i], &end, 10);
        if (end == list->items[i] || *end || number < 0 || number > INT32_MAX)
            return fx_error_option(err, consumer->instance, "partitions", list->items[i],
                                   "'%s' is not a partition: write 'all' alone, or numbers from 0", list->items[i]);
        for (size_t j = 0; j < i; j++)
            if (consumer->fixed[j] == number)
                return fx_error_option(err, consumer->instance, "partitions", list->items[i],
                                       "partition %ld is given twice", number);
        consumer->fixed[consumer->fixed_count++] = (int32_t)number;
    }
    return 0;
}

static int check_pattern(const struct kafka_consumer *consumer, const char *topic, struct fx_error *err)
{
    regex_t pattern;
    char reason[128];
    int rc = regcomp(&pattern, topic, REG_EXTENDED | REG_NOSUB);
    if (rc) {
        regerror(rc, &pattern, reason, sizeof reason);
        return fx_error_option(err, consumer->instance, "topics", topic, "'%s' is not a regular expression: %s", topic,
                               reason);
    }
    regfree(&pattern);
    if (consumer->fixed)
        return fx_error_option(err, consumer->instance, "topics", topic,
                               "'%s' is a pattern: with fixed partitions, name each topic", topic);
    return 0;
}

static int check_topics(const struct kafka_consumer *consumer, struct fx_error *err)
{
    const struct fx_list *topics = &consumer->options->topics;
    int rc = 0;
    for (size_t i = 0; i < topics->count && !rc; i++) {
        const char *topic = topics->items[i];
        if (!topic[0])
            return fx_error_option(err, consumer->instance, "topics", NULL, "a topic needs a name");
        for (size_t j = 0; j < i; j++)
            if (strcmp(topics->items[j], topic) == 0)
                return fx_error_option(err, consumer->instance, "topics", NULL, "the topic '%s' is given twice", topic);
        if (topic[0] == '^')
            rc = check_pattern(consumer, topic, err);
    }
    return rc;
}

static int read_start(struct kafka_consumer *consumer, struct fx_error *err)
{
    const struct fx_choice *start = &consumer->options->start;
    if (start->choice != KAFKA_START_TIMESTAMP || !kafka_timestamp_parse(start->text, &consumer->start_ms))
        return 0;
    return fx_error_option(err, consumer->instance, "start", "timestamp",
                           "'%s' is not a time: write it as 2026-01-31T12:00:00Z, or as seconds since 1970",
                           start->text);
}

int kafka_conf_make(struct kafka_consumer *consumer, struct fx_error *err)
{
    consumer->conf = rd_kafka_conf_new();
    rd_kafka_conf_set_opaque(consumer->conf, consumer);
    rd_kafka_conf_set_log_cb(consumer->conf, kafka_on_log);
    rd_kafka_conf_set_error_cb(consumer->conf, kafka_on_error);
    rd_kafka_conf_set_stats_cb(consumer->conf, kafka_on_statistics);
    rd_kafka_conf_set_rebalance_cb(consumer->conf, kafka_on_rebalance);
    int rc = read_partitions(consumer, err);
    if (!rc)
        rc = check_topics(consumer, err);
    if (!rc)
        rc = read_start(consumer, err);
    return rc ? rc : set_properties(consumer, err);
}

int kafka_conf_refused(const struct kafka_consumer *consumer, const char *reason, struct fx_error *err)
{
    const struct fx_map *map = &consumer->options->rdkafka;
    const char *item = NULL;
    for (size_t i = 0; i < map->count; i++)
        if (strstr(reason, map->pairs[i].key) && (!item || strlen(map->pairs[i].key) > strlen(item)))
            item = map->pairs[i].key;
    char shown[256];
    kafka_scrub(consumer, reason, shown, sizeof shown);
    if (!map->count)
        return fx_error_set(err, FX_EIO, "librdkafka does not start: %s", shown);
    return fx_error_option(err, consumer->instance, "rdkafka", item, "librdkafka does not start: %s", shown);
}
