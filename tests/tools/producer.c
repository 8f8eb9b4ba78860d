/* A producer that loses nothing. A message that can't be stored ends the program. One thread. */
#include "producer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <librdkafka/rdkafka.h>

#define QUEUE_WAIT_MS 100
#define FLUSH_WAIT_MS 60000

struct producer {
    rd_kafka_t *client;
    char *topic;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}

static void stored(rd_kafka_t *client, const rd_kafka_message_t *message, void *arg)
{
    (void)client;
    (void)arg;
    if (message->err)
        die("a message was not stored", rd_kafka_err2str(message->err));
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        die(key, why);
}

struct producer *producer_new(const char *brokers, const char *topic, const char *compression)
{
    char why[256];
    struct producer *producer = calloc(1, sizeof *producer);
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "linger.ms", "20");
    set(conf, "enable.idempotence", "true");
    set(conf, "queue.buffering.max.messages", "200000");
    set(conf, "compression.type", compression);
    rd_kafka_conf_set_dr_msg_cb(conf, stored);
    producer->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
    if (!producer->client)
        die("no producer", why);
    producer->topic = strdup(topic);
    return producer;
}

void producer_send(struct producer *producer, int32_t partition, const char *data, size_t size)
{
    for (;;) {
        rd_kafka_resp_err_t err = rd_kafka_producev(
            producer->client, RD_KAFKA_V_TOPIC(producer->topic), RD_KAFKA_V_PARTITION(partition),
            RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_VALUE((void *)(uintptr_t)data, size), RD_KAFKA_V_END);
        if (!err)
            break;
        if (err != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            die("a message was refused", rd_kafka_err2str(err));
        rd_kafka_poll(producer->client, QUEUE_WAIT_MS);
    }
    rd_kafka_poll(producer->client, 0);
}

void producer_close(struct producer *producer)
{
    rd_kafka_resp_err_t err = rd_kafka_flush(producer->client, FLUSH_WAIT_MS);
    if (err)
        die("not all messages were stored in time", rd_kafka_err2str(err));
    rd_kafka_destroy(producer->client);
    free(producer->topic);
    free(producer);
}
