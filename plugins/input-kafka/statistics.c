/*
 * librdkafka's statistics as metrics: brokers, and position and lag of the partitions that are ours. librdkafka
 * gives a JSON text each statistics.interval.ms. Worker 0 calls this while serving events.
 */
#include "consumer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

struct kafka_broker {
    char *name;
    struct fx_series *up, *errors, *rtt_median, *rtt_p99;
    struct kafka_broker *next;
};

static int64_t number(json_object *map, const char *key, int64_t absent)
{
    json_object *value;
    return map && json_object_object_get_ex(map, key, &value) ? json_object_get_int64(value) : absent;
}

static json_object *member(json_object *map, const char *key)
{
    json_object *value = NULL;
    if (map)
        json_object_object_get_ex(map, key, &value);
    return value;
}

static struct fx_series *begin_broker(struct kafka_consumer *consumer, unsigned metric, const char *name,
                                      const char *more)
{
    const char *const values[] = {name, more, NULL};
    return fx_series_begin(consumer->instance, metric, values);
}

/* NULL without memory: the broker's figures come with a later statistic. */
static struct kafka_broker *broker_of(struct kafka_consumer *consumer, const char *name)
{
    struct kafka_broker **at = &consumer->brokers;
    while (*at && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at)
        return *at;
    struct kafka_broker *broker = calloc(1, sizeof *broker);
    if (!broker || !(broker->name = strdup(name))) {
        free(broker);
        return NULL;
    }
    broker->up = begin_broker(consumer, KAFKA_BROKER_UP, name, NULL);
    broker->errors = begin_broker(consumer, KAFKA_BROKER_ERRORS, name, NULL);
    broker->rtt_median = begin_broker(consumer, KAFKA_BROKER_RTT, name, "50");
    broker->rtt_p99 = begin_broker(consumer, KAFKA_BROKER_RTT, name, "99");
    return *at = broker;
}

void kafka_brokers_free(struct kafka_consumer *consumer)
{
    for (struct kafka_broker *broker = consumer->brokers, *next; broker; broker = next) {
        next = broker->next;
        free(broker->name);
        free(broker);
    }
    consumer->brokers = NULL;
}

/* True: the broker is up. Only brokers that the cluster named are shown, once they have been needed. */
static bool take_broker(struct kafka_consumer *consumer, json_object *from)
{
    const char *state = json_object_get_string(member(from, "state"));
    const char *name = json_object_get_string(member(from, "name"));
    const char *source = json_object_get_string(member(from, "source"));
    if (!state || !name || !source)
        return false;
    bool up = strcmp(state, "UP") == 0;
    if (strcmp(source, "logical") == 0 || number(from, "nodeid", -1) < 0 || (!up && number(from, "connects", 0) == 0))
        return up;
    struct kafka_broker *broker = broker_of(consumer, name);
    if (!broker)
        return up;
    json_object *rtt = member(from, "rtt");
    fx_series_set(broker->up, up);
    fx_series_set(broker->errors, number(from, "txerrs", 0) + number(from, "rxerrs", 0));
    if (number(rtt, "cnt", 0) > 0) { /* microseconds */
        fx_series_set(broker->rtt_median, number(rtt, "p50", 0) * 1000);
        fx_series_set(broker->rtt_p99, number(rtt, "p99", 0) * 1000);
    }
    return up;
}

static void take_brokers(struct kafka_consumer *consumer, json_object *brokers)
{
    bool any_up = false;
    if (brokers) {
        json_object_object_foreach(brokers, key, broker)
        {
            (void)key;
            any_up = take_broker(consumer, broker) || any_up;
        }
    }
    if (any_up)
        kafka_trouble_broker_is_up(consumer);
}

static void take_partition(struct kafka_consumer *consumer, struct kafka_partition *partition, json_object *topics)
{
    char numeral[16];
    snprintf(numeral, sizeof numeral, "%d", (int)partition->number);
    json_object *from = member(member(member(topics, partition->topic), "partitions"), numeral);
    int64_t position = number(from, "app_offset", -1), end = number(from, "ls_offset", -1);
    if (position < 0)
        position = partition->begin;
    if (end < 0)
        end = number(from, "hi_offset", -1);
    if (end < 0)
        return;         /* nothing was fetched yet */
    if (position > end) /* librdkafka may count its word that the end is reached as a message: jumps.c */
        position = end;
    if (!partition->shown) {
        const char *const values[] = {partition->topic, numeral, NULL};
        partition->lag = fx_series_begin(consumer->instance, KAFKA_LAG, values);
        partition->position = fx_series_begin(consumer->instance, KAFKA_POSITION, values);
        partition->shown = true;
    }
    fx_series_set(partition->position, position);
    fx_series_set(partition->lag, end > position ? end - position : 0);
}

int kafka_on_statistics(rd_kafka_t *rk, char *text, size_t size, void *opaque)
{
    struct kafka_consumer *consumer = opaque;
    (void)rk;
    json_tokener *tokener = json_tokener_new();
    json_object *root = tokener ? json_tokener_parse_ex(tokener, text, (int)size) : NULL;
    take_brokers(consumer, member(root, "brokers"));
    for (struct kafka_partition *at = consumer->partitions; at; at = at->next)
        take_partition(consumer, at, member(root, "topics"));
    json_object_put(root);
    if (tokener)
        json_tokener_free(tokener);
    kafka_trouble_review(consumer);
    return 0;
}
