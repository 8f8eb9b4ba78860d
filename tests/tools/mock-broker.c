/*
 * A Kafka cluster for the demo: librdkafka's mock cluster with one topic, and sample flows until SIGINT or SIGTERM.
 * Prints the bootstrap servers as one line on standard output once the topic is there. One thread; librdkafka has its
 * own.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "flows.h"
#include "producer.h"

#define OTHERS_MAX       100000
#define TICKS_PER_SECOND 10

struct settings {
    struct flows_options flows;
    const char *topic, *names;
    int partitions;
    uint64_t rate;
};

static volatile sig_atomic_t stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    stopping = 1;
}

static void die(const char *what)
{
    fprintf(stderr, "mock-broker: %s\n", what);
    exit(1);
}

/* The AS numbers of a names file (number, tab, name): the flows are of ASes with names. */
static uint32_t *others_read(const char *path, uint32_t asn, uint32_t *count)
{
    FILE *file = fopen(path, "r");
    uint32_t *others = calloc(OTHERS_MAX, sizeof *others);
    char line[512];
    if (!file || !others)
        die("the names file can't be read");
    *count = 0;
    while (*count < OTHERS_MAX && fgets(line, sizeof line, file)) {
        uint32_t number = (uint32_t)strtoul(line, NULL, 10);
        if (number != 0 && number != asn)
            others[(*count)++] = number;
    }
    fclose(file);
    return others;
}

static rd_kafka_mock_cluster_t *cluster_new(const struct settings *settings, rd_kafka_t **client)
{
    char why[256];
    *client = rd_kafka_new(RD_KAFKA_PRODUCER, rd_kafka_conf_new(), why, sizeof why);
    if (!*client)
        die(why);
    rd_kafka_mock_cluster_t *cluster = rd_kafka_mock_cluster_new(*client, 1);
    if (!cluster || rd_kafka_mock_topic_create(cluster, settings->topic, settings->partitions, 1) != 0)
        die("the mock cluster does not start");
    return cluster;
}

/* Waits for the next tick. A signal ends the wait early. */
static void tick_wait(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000000 / TICKS_PER_SECOND}, NULL);
}

static void produce_until_stopped(const struct settings *settings, const char *servers)
{
    const char *why;
    struct flows *flows = flows_new(&settings->flows, &why);
    if (!flows)
        die(why);
    struct producer *producer = producer_new(servers, settings->topic, "none");
    struct flows_text text = {NULL, 0, 0};
    for (uint64_t tick = 0; !stopping; tick++) {
        uint64_t records = settings->rate * (tick + 1) / TICKS_PER_SECOND - settings->rate * tick / TICKS_PER_SECOND;
        for (uint64_t i = 0; i < records; i++) {
            text.size = 0;
            flows_next(flows, &text);
            producer_send(producer, (int32_t)(i % (uint64_t)settings->partitions), text.data, text.size);
        }
        tick_wait();
    }
    producer_close(producer);
    flows_free(flows);
    free(text.data);
}

static void settings_parse(struct settings *settings, int argc, char **argv)
{
    static const struct option options[] = {{"topic", 1, NULL, 't'}, {"partitions", 1, NULL, 'p'},
                                            {"rate", 1, NULL, 'r'},  {"asn", 1, NULL, 'a'},
                                            {"names", 1, NULL, 'n'}, {NULL, 0, NULL, 0}};
    int key;
    while ((key = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (key) {
        case 't':
            settings->topic = optarg;
            break;
        case 'p':
            settings->partitions = atoi(optarg);
            break;
        case 'r':
            settings->rate = strtoull(optarg, NULL, 10);
            break;
        case 'a':
            settings->flows.asn = (uint32_t)strtoul(optarg, NULL, 10);
            break;
        case 'n':
            settings->names = optarg;
            break;
        default:
            exit(2);
        }
    }
    if (optind < argc || settings->partitions < 1 || settings->rate < 1)
        die("usage: mock-broker [--topic T] [--partitions N] [--rate RECORDS_A_SECOND] [--asn N] [--names FILE]");
}

int main(int argc, char **argv)
{
    struct settings settings = {.topic = "pmacct.acct", .partitions = 4, .rate = 1000};
    settings.flows = (struct flows_options){.seed = 1, .asn = 64500, .as_count = 100, .routers = 3};
    settings_parse(&settings, argc, argv);
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    uint32_t *others = NULL;
    if (settings.names)
        others = others_read(settings.names, settings.flows.asn, &settings.flows.as_count);
    settings.flows.others = others;
    rd_kafka_t *client;
    rd_kafka_mock_cluster_t *cluster = cluster_new(&settings, &client);
    printf("%s\n", rd_kafka_mock_cluster_bootstraps(cluster));
    fflush(stdout);
    produce_until_stopped(&settings, rd_kafka_mock_cluster_bootstraps(cluster));
    rd_kafka_mock_cluster_destroy(cluster);
    rd_kafka_destroy(client);
    free(others);
    return 0;
}
