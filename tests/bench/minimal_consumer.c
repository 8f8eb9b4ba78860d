/*
 * The least that a program must do to read a Kafka topic with librdkafka: take every message of every partition from
 * the beginning, touch its payload, count. What flow-exporter needs beyond this is the price of its work. One thread.
 *
 *     minimal_consumer BROKERS TOPIC PARTITIONS MESSAGES
 *
 * Prints JSON: messages, bytes, CPU microseconds of the process, kilobytes of resident memory at the peak.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include <librdkafka/rdkafka.h>

#define BATCH   2000
#define WAIT_MS 1000

struct sums {
    unsigned long long messages, bytes, touched;
};

static void die(const char *why)
{
    fprintf(stderr, "minimal_consumer: %s\n", why);
    exit(1);
}

static void set(rd_kafka_conf_t *conf, const char *key, const char *value)
{
    char why[256];
    if (rd_kafka_conf_set(conf, key, value, why, sizeof why) != RD_KAFKA_CONF_OK)
        die(why);
}

static rd_kafka_t *consumer_new(const char *brokers, const char *topic, int partitions)
{
    char why[256];
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", brokers);
    set(conf, "group.id", "minimal");
    set(conf, "enable.auto.commit", "false");
    rd_kafka_t *consumer = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    if (!consumer)
        die(why);
    rd_kafka_poll_set_consumer(consumer);
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(partitions);
    for (int i = 0; i < partitions; i++)
        rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
    if (rd_kafka_assign(consumer, list))
        die("the partitions can't be assigned");
    rd_kafka_topic_partition_list_destroy(list);
    return consumer;
}

static void message_take(struct sums *sums, rd_kafka_message_t *message)
{
    if (!message->err) {
        const unsigned char *payload = message->payload;
        for (size_t i = 0; i < message->len; i += 64)
            sums->touched += payload[i];
        sums->messages++;
        sums->bytes += message->len;
    }
    rd_kafka_message_destroy(message);
}

static void consume(rd_kafka_t *consumer, unsigned long long wanted, struct sums *sums)
{
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(consumer);
    rd_kafka_message_t *batch[BATCH];
    while (sums->messages < wanted) {
        ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, batch, BATCH);
        for (ssize_t i = 0; i < count; i++)
            message_take(sums, batch[i]);
    }
    rd_kafka_queue_destroy(queue);
}

int main(int argc, char **argv)
{
    if (argc != 5)
        die("usage: minimal_consumer BROKERS TOPIC PARTITIONS MESSAGES");
    struct sums sums = {0, 0, 0};
    rd_kafka_t *consumer = consumer_new(argv[1], argv[2], atoi(argv[3]));
    consume(consumer, strtoull(argv[4], NULL, 10), &sums);
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    long long cpu_us =
        (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000LL + used.ru_utime.tv_usec + used.ru_stime.tv_usec;
    printf("{\"messages\": %llu, \"bytes\": %llu, \"touched\": %llu, \"cpu_us\": %lld, \"rss_kb\": %ld}\n",
           sums.messages, sums.bytes, sums.touched, cpu_us, used.ru_maxrss);
    rd_kafka_consumer_close(consumer);
    rd_kafka_destroy(consumer);
    return 0;
}
