/*
 * What is wrong between the plugin and Kafka, for the log, the metric and readiness. Any of our threads enters this
 * file; the lock protects the state.
 *
 * Faults of brokers are over when one is up (statistics). Faults of the group are over when it gives us an
 * assignment. Faults of a topic are over when nothing was reported for a while and its metadata is sound. They are
 * also over when nobody wants the topic any more. The wait is needed because librdkafka reports some faults once, and
 * some again and again. Nobody waits for a deleted topic of a pattern once its partitions are taken back, so that fault
 * is over at once. A fault that names no topic is over when all topics that the configuration names are sound.
 */
#include "consumer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUIET_MS 10000

/* What is wrong with one topic. Only worker 0 removes faults that are over from the list. */
struct kafka_topic_fault {
    char *topic; /* "": librdkafka did not name it */
    int64_t since_ms[KAFKA_TROUBLE_COUNT];
    struct kafka_topic_fault *next;
};

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
    [KAFKA_TROUBLE_BROKERS] = {"No broker can be reached; trying again. The page stays at the last committed cut.",
                               "no broker can be reached"},
    [KAFKA_TROUBLE_GROUP] = {"This user may not use the consumer group; give it the right to read the group.",
                             "this user may not use the consumer group"},
    [KAFKA_TROUBLE_TOPIC_RIGHT] = {"This user may not read the topic; give it the right.",
                                   "this user may not read the topic"},
    [KAFKA_TROUBLE_TOPIC_UNKNOWN] = {"The topic or partition does not exist; waiting for it.",
                                     "the topic or partition does not exist"},
    [KAFKA_TROUBLE_BATCH] =
        {"A batch of records can't be read; trying again. Is it bigger unpacked than receive.message.max.bytes?",
         "a batch of records can't be read"},
    [KAFKA_TROUBLE_OTHER] = {"Kafka reports an error; trying again.", ""},
};

int64_t kafka_now_ms(void)
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
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__NOT_IMPLEMENTED:
    case RD_KAFKA_RESP_ERR_INVALID_MSG:
        return KAFKA_TROUBLE_BATCH;
    default:
        return KAFKA_TROUBLE_OTHER;
    }
}

static bool is_of_topic(int trouble)
{
    return trouble == KAFKA_TROUBLE_TOPIC_RIGHT || trouble == KAFKA_TROUBLE_TOPIC_UNKNOWN ||
           trouble == KAFKA_TROUBLE_BATCH;
}

/* The caller holds the lock, here and in the functions below that take struct kafka_troubles. */
static const struct kafka_topic_fault *find_fault(const struct kafka_troubles *troubles, int trouble)
{
    const struct kafka_topic_fault *fault = troubles->faults;
    while (fault && !fault->since_ms[trouble])
        fault = fault->next;
    return fault;
}

/* Sets whether the topic has the fault, and since when (0: it has not). Without memory the fault is only in the log. */
static void set_fault(struct kafka_troubles *troubles, const char *topic, enum kafka_trouble trouble, int64_t since_ms)
{
    struct kafka_topic_fault **at = &troubles->faults;
    while (*at && strcmp((*at)->topic, topic) != 0)
        at = &(*at)->next;
    if (!*at && since_ms && (*at = calloc(1, sizeof **at)) && !((*at)->topic = strdup(topic))) {
        free(*at);
        *at = NULL;
    }
    if (*at)
        (*at)->since_ms[trouble] = since_ms;
}

/* The most telling reason. False: there is none. */
static bool find_reason(const struct kafka_consumer *consumer, char reason[FX_READY_REASON_MAX])
{
    const struct kafka_troubles *troubles = &consumer->troubles;
    for (int i = 0; i < KAFKA_TROUBLE_OTHER; i++) {
        const struct kafka_topic_fault *fault = is_of_topic(i) ? find_fault(troubles, i) : NULL;
        if (!fault && !troubles->since_ms[i])
            continue;
        snprintf(reason, FX_READY_REASON_MAX, fault && fault->topic[0] ? "%s: %.100s" : "%s", texts[i].reason,
                 fault ? fault->topic : "");
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
    for (struct kafka_topic_fault *fault = consumer->troubles.faults, *next; fault; fault = next) {
        next = fault->next;
        free(fault->topic);
        free(fault);
    }
    consumer->troubles.faults = NULL;
    pthread_mutex_destroy(&consumer->troubles.lock);
}

void kafka_trouble_note(struct kafka_consumer *consumer, rd_kafka_resp_err_t code, const char *topic, int32_t partition,
                        const char *reason)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    enum kafka_trouble trouble = kafka_trouble_of(code);
    fx_metric_add(consumer->instance, KAFKA_ERRORS, trouble, 1);
    pthread_mutex_lock(&troubles->lock);
    if (is_of_topic((int)trouble))
        set_fault(troubles, topic ? topic : "", trouble, kafka_now_ms());
    else
        troubles->since_ms[trouble] = kafka_now_ms();
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

static void end_fault(struct kafka_topic_fault *fault)
{
    memset(fault->since_ms, 0, sizeof fault->since_ms);
}

void kafka_trouble_batch_is_over(struct kafka_consumer *consumer, const char *topic)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    pthread_mutex_lock(&troubles->lock);
    set_fault(troubles, topic, KAFKA_TROUBLE_BATCH, 0);
    show(consumer);
    pthread_mutex_unlock(&troubles->lock);
}

void kafka_trouble_assigned(struct kafka_consumer *consumer, const rd_kafka_topic_partition_list_t *list)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    pthread_mutex_lock(&troubles->lock);
    troubles->assigned = list != NULL;
    for (int i = 0; list && i < list->cnt; i++)
        for (struct kafka_topic_fault *fault = troubles->faults; fault; fault = fault->next)
            if (strcmp(list->elems[i].topic, fault->topic) == 0)
                end_fault(fault);
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

/*
 * The configuration names the topic, or a partition of it is assigned. Neither is so for a deleted topic of a
 * pattern.
 */
static bool is_wanted(const struct kafka_consumer *consumer, const char *topic)
{
    const struct fx_list *topics = &consumer->options->topics;
    for (size_t i = 0; i < topics->count; i++)
        if (strcmp(topics->items[i], topic) == 0)
            return true;
    for (const struct kafka_partition *at = consumer->partitions; at; at = at->next)
        if (strcmp(at->topic, topic) == 0)
            return true;
    return false;
}

static bool named_are_sound(struct kafka_consumer *consumer)
{
    const struct fx_list *topics = &consumer->options->topics;
    for (size_t i = 0; i < topics->count; i++)
        if (topics->items[i][0] != '^' && !topic_is_sound(consumer, topics->items[i]))
            return false;
    return true;
}

/* When the fault was reported last; 0: it is over. */
static int64_t last_report(const struct kafka_topic_fault *fault)
{
    int64_t last = 0;
    for (int i = 0; i < KAFKA_TROUBLE_COUNT; i++)
        last = fault->since_ms[i] > last ? fault->since_ms[i] : last;
    return last;
}

static bool is_quiet(const struct kafka_topic_fault *fault, int64_t now)
{
    int64_t last = last_report(fault);
    return last && now - last > QUIET_MS;
}

static void forget_ended(struct kafka_troubles *troubles)
{
    for (struct kafka_topic_fault **at = &troubles->faults, *fault; (fault = *at);) {
        if (last_report(fault)) {
            at = &fault->next;
            continue;
        }
        *at = fault->next;
        free(fault->topic);
        free(fault);
    }
}

/* Ends the fault of a missing topic that nobody wants any more. */
static void end_fault_of_gone(const struct kafka_consumer *consumer, struct kafka_topic_fault *fault)
{
    if (fault->topic[0] && fault->since_ms[KAFKA_TROUBLE_TOPIC_UNKNOWN] && !is_wanted(consumer, fault->topic))
        fault->since_ms[KAFKA_TROUBLE_TOPIC_UNKNOWN] = 0;
}

/* Asks the brokers without holding the lock. */
void kafka_trouble_review(struct kafka_consumer *consumer)
{
    struct kafka_troubles *troubles = &consumer->troubles;
    pthread_mutex_lock(&troubles->lock);
    for (struct kafka_topic_fault *fault = troubles->faults; fault; fault = fault->next) {
        int64_t now = kafka_now_ms();
        end_fault_of_gone(consumer, fault);
        if (!is_quiet(fault, now))
            continue;
        pthread_mutex_unlock(&troubles->lock);
        bool is_over = fault->topic[0] ? !is_wanted(consumer, fault->topic) || topic_is_sound(consumer, fault->topic)
                                       : named_are_sound(consumer);
        pthread_mutex_lock(&troubles->lock);
        if (is_over && is_quiet(fault, now)) /* nothing was reported while the brokers were asked */
            end_fault(fault);
    }
    forget_ended(troubles);
    show(consumer);
    pthread_mutex_unlock(&troubles->lock);
}
