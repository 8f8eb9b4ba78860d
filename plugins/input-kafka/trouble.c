/*
 * What is wrong between us and Kafka, for the log, the metric and readiness. Any
 * of our threads; the state is under its lock.
 *
 * Faults of brokers are over when one is up (statistics), those of the group
 * when it gives us an assignment. Those of a topic are over when its metadata is
 * sound and nothing was reported for a while: librdkafka reports some of
 * them once, and some again and again.
 */
#include "consumer.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define QUIET_MS 10000

static const struct {
    const char *sentence; /* for the log */
    const char *reason;   /* for readiness */
} texts[KAFKA_TROUBLE_COUNT] = {
    [KAFKA_TROUBLE_LOGIN] = {"A broker refuses to authenticate us; check user, password and mechanism under 'rdkafka'.",
                             "a broker refuses to authenticate us"},
    [KAFKA_TROUBLE_TLS] = {"TLS with a broker fails; check the certificates under 'rdkafka'.",
                           "TLS with a broker fails"},
    [KAFKA_TROUBLE_NAME] = {"The name of a broker can't be resolved; trying again.",
                            "the name of a broker can't be resolved"},
    [KAFKA_TROUBLE_BROKERS] =
        {"No broker can be reached; trying again. What is served stays at the last committed cut.",
         "no broker can be reached"},
    [KAFKA_TROUBLE_GROUP] = {"This user may not use the consumer group; give it the right to read the group.",
                             "this user may not use the consumer group"},
    [KAFKA_TROUBLE_TOPIC_RIGHT] = {"This user may not read the topic; give it the right.",
                                   "this user may not read the topic"},
    [KAFKA_TROUBLE_TOPIC_UNKNOWN] = {"The topic or partition does not exist; waiting for it.",
                                     "the topic or partition does not exist"},
    [KAFKA_TROUBLE_OTHER] = {"Kafka reports an error; trying again.", ""},
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum kafka_trouble kafka_trouble_of(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        return KAFKA_TROUBLE_BROKERS;
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return KAFKA_TROUBLE_NAME;
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM:
        return KAFKA_TROUBLE_LOGIN;
    case RD_KAFKA_RESP_ERR__SSL:
        return KAFKA_TROUBLE_TLS;
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return KAFKA_TROUBLE_GROUP;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return KAFKA_TROUBLE_TOPIC_RIGHT;
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return KAFKA_TROUBLE_TOPIC_UNKNOWN;
    default:
        return KAFKA_TROUBLE_OTHER;
    }
}

/* The most telling reason; false: there is none. Under the lock. */
static bool find_reason(const struct kafka_consumer *consumer, char reason[FX_READY_REASON_MAX])
{
    const struct kafka_troubles *troubles = &consumer->troubles;
    for (int i = 0; i < KAFKA_TROUBLE_OTHER; i++) {
        if (!troubles->since_ms[i])
            continue;
        bool of_topic = i == KAFKA_TROUBLE_TOPIC_RIGHT || i == KAFKA_TROUBLE_TOPIC_UNKNOWN;
        snprintf(reason, FX_READY_REASON_MAX, of_topic && troubles->topic[0] ? "%s: %.100s" : "%s", texts[i].reason,
                 troubles->topic);
        return true;
    }
    snprintf(reason, FX_READY_REASON_MAX, "it waits for its partitions");
    return !troubles->assigned;
}

static void show(struct kafka_consumer *consumer)
{
    char reason[FX_READY_REASON_MAX];
    bool waits = find_reason(consumer, reason);
    fx_ready_set(consumer->instance, waits ? reason : NULL);
}

void kafka_troubles_init(struct kafka_consumer *consumer)
{
    pthread_mutex_init(&consumer->troubles.lock, NULL);
    pthread_mutex_lock(&consumer->troubles.lock);
    show(consumer);
    pthread_mutex_unlock(&consumer->troubles.lock);
}

void kafka_troubles_fini(struct kafka_consumer *consumer)
{
    pthread_mutex_destroy(&consumer->troubles.lock);
}

void kafka_trouble_note(struct kafka_consumer *consumer, rd_kafka_resp_err_t code, const char *topic, int32_t partition,
                        const char *reason)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    enum kafka_trouble trouble = kafka_trouble_of(code);
    fx_metric_add(consumer->instance, KAFKA_ERRORS, trouble, 1);
    pthread_mutex_lock(&troubles->lock);
    troubles->since_ms[trouble] = now_ms();
    if (topic)
        snprintf(troubles->topic, sizeof troubles->topic, "%s", topic);
    show(consumer);
    pthread_mutex_unlock(&troubles->lock);
    unsigned suppressed;
    if (!fx_log_allowed(&consumer->trouble_limit[trouble], &suppressed))
        return;
    if (topic)
        fx_log(consumer->instance, FX_LOG_WARN, texts[trouble].sentence,
               "topic=%s partition=%d error=%s reason=%s suppressed=%u", topic, (int)partition, rd_kafka_err2name(code),
               reason, suppressed);
    else
        fx_log(consumer->instance, FX_LOG_WARN, texts[trouble].sentence, "error=%s reason=%s suppressed=%u",
               rd_kafka_err2name(code), reason, suppressed);
}

static void clear(struct kafka_consumer *consumer, enum kafka_trouble first, enum kafka_trouble last)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    pthread_mutex_lock(&troubles->lock);
    for (int i = (int)first; i <= (int)last; i++)
        troubles->since_ms[i] = 0;
    show(consumer);
    pthread_mutex_unlock(&troubles->lock);
}

void kafka_trouble_broker_is_up(struct kafka_consumer *consumer)
{
    clear(consumer, KAFKA_TROUBLE_LOGIN, KAFKA_TROUBLE_BROKERS);
}

void kafka_trouble_assigned(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    pthread_mutex_lock(&troubles->lock);
    troubles->assigned = list != NULL;
    for (int i = 0; list && i < list->cnt; i++)
        if (strcmp(list->elems[i].topic, troubles->topic) == 0)
            troubles->since_ms[KAFKA_TROUBLE_TOPIC_UNKNOWN] = troubles->since_ms[KAFKA_TROUBLE_TOPIC_RIGHT] = 0;
    pthread_mutex_unlock(&troubles->lock);
    clear(consumer, KAFKA_TROUBLE_GROUP, KAFKA_TROUBLE_GROUP);
}

static bool topic_is_sound(struct kafka_consumer *consumer, const char *topic)
{
    const struct rd_kafka_metadata *metadata;
    rd_kafka_topic_t *handle = rd_kafka_topic_new(consumer->rk, topic, NULL);
    bool sound = handle && rd_kafka_metadata(consumer->rk, 0, handle, &metadata, 500) == 0;
    if (sound) {
        sound = metadata->topic_cnt == 1 && metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR;
        rd_kafka_metadata_destroy(metadata);
    }
    if (handle)
        rd_kafka_topic_destroy(handle);
    return sound;
}

void kafka_trouble_look_again(struct kafka_consumer *consumer)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    char topic[sizeof troubles->topic];
    pthread_mutex_lock(&troubles->lock);
    int64_t unknown = troubles->since_ms[KAFKA_TROUBLE_TOPIC_UNKNOWN],
            right = troubles->since_ms[KAFKA_TROUBLE_TOPIC_RIGHT];
    int64_t last = unknown > right ? unknown : right;
    memcpy(topic, troubles->topic, sizeof topic);
    pthread_mutex_unlock(&troubles->lock);
    if (last && now_ms() - last > QUIET_MS && topic_is_sound(consumer, topic))
        clear(consumer, KAFKA_TROUBLE_TOPIC_RIGHT, KAFKA_TROUBLE_TOPIC_UNKNOWN);
}
