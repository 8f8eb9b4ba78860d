/*
 * Makes sample flow records: newline-separated JSON on standard output, or messages in a Kafka topic.
 * The same seed and options give the same bytes. One thread.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flows.h"
#include "producer.h"

#define BLOCK_BYTES 65536

struct settings {
    struct flows_options flows;
    uint64_t records, pack;
    int32_t partitions;
    const char *brokers, *topic, *compression, *summary, *names;
};

static void usage(FILE *out)
{
    fputs("Usage: flowgen [OPTION]...\n"
          "  --records N         lines to make (default 1000)\n"
          "  --seed N            of the random numbers (default 1)\n"
          "  --asn N             the monitored AS (default 64500)\n"
          "  --as N              other ASes (default 1000)\n"
          "  --routers N         (default 4)\n"
          "  --series N          at most so many combinations of AS, router and direction\n"
          "  --uniform           all combinations alike, not with a power law\n"
          "  --spread            AS numbers of up to six digits, not 1, 2, 3 ...\n"
          "  --names FILE        write names for these ASes there, in cidr-report's layout\n"
          "  --format pmacct|goflow2\n"
          "  --label-maps        pmacct's label as an object\n"
          "  --mixed             a share with nested maps, other orders of members, more escapes\n"
          "  --markers N         a pair of pmacct's markers each N lines\n"
          "  --malformed SHARE   of the lines, 0 to 1\n"
          "  --summary FILE      what was made, as JSON\n"
          "  --brokers LIST --topic TOPIC [--partitions N]   into Kafka, in turn to each partition\n"
          "  --pack N            lines a message (default 1)\n"
          "  --compression NAME  none, gzip, snappy, lz4 or zstd (default none)\n",
          out);
}

static uint64_t number(const char *name, const char *text)
{
    char *end;
    unsigned long long value = strtoull(text, &end, 10);
    if (*end || end == text || *text == '-') {
        fprintf(stderr, "--%s: '%s' is no number\n", name, text);
        exit(2);
    }
    return value;
}

static enum flows_format format_parse(const char *text)
{
    if (strcmp(text, "pmacct") == 0)
        return FLOWS_PMACCT;
    if (strcmp(text, "goflow2") == 0)
        return FLOWS_GOFLOW2;
    fprintf(stderr, "--format: 'pmacct' or 'goflow2', not '%s'\n", text);
    exit(2);
}

static const struct option options[] = {
    {"records", 1, NULL, 'n'}, {"seed", 1, NULL, 's'},        {"asn", 1, NULL, 'a'},
    {"as", 1, NULL, 'o'},      {"routers", 1, NULL, 'r'},     {"series", 1, NULL, 'c'},
    {"uniform", 0, NULL, 'u'}, {"spread", 0, NULL, 'd'},      {"names", 1, NULL, 'N'},
    {"format", 1, NULL, 'f'},  {"label-maps", 0, NULL, 'l'},  {"mixed", 0, NULL, 'i'},
    {"markers", 1, NULL, 'm'}, {"brokers", 1, NULL, 'b'},     {"malformed", 1, NULL, 'x'},
    {"summary", 1, NULL, 'y'}, {"partitions", 1, NULL, 'p'},  {"topic", 1, NULL, 't'},
    {"pack", 1, NULL, 'k'},    {"compression", 1, NULL, 'z'}, {"help", 0, NULL, 'h'},
    {NULL, 0, NULL, 0}};

/* The options that are not plain numbers. */
static void option_text(struct settings *settings, int key, const char *text)
{
    switch (key) {
    case 'f':
        settings->flows.format = format_parse(text);
        break;
    case 'l':
        settings->flows.label_maps = true;
        break;
    case 'u':
        settings->flows.draw = FLOWS_UNIFORM;
        break;
    case 'd':
        settings->flows.spread = true;
        break;
    case 'i':
        settings->flows.mixed = true;
        break;
    case 'N':
        settings->names = text;
        break;
    case 'x':
        settings->flows.malformed = atof(text);
        break;
    case 'y':
        settings->summary = text;
        break;
    case 'b':
        settings->brokers = text;
        break;
    case 't':
        settings->topic = text;
        break;
    case 'z':
        settings->compression = text;
        break;
    case 'h':
        usage(stdout);
        exit(0);
    default:
        usage(stderr);
        exit(2);
    }
}

static void option_take(struct settings *settings, int key, const char *name, const char *text)
{
    switch (key) {
    case 'n':
        settings->records = number(name, text);
        break;
    case 's':
        settings->flows.seed = number(name, text);
        break;
    case 'a':
        settings->flows.asn = (uint32_t)number(name, text);
        break;
    case 'o':
        settings->flows.as_count = (uint32_t)number(name, text);
        break;
    case 'r':
        settings->flows.routers = (uint32_t)number(name, text);
        break;
    case 'c':
        settings->flows.series = number(name, text);
        break;
    case 'm':
        settings->flows.marker_every = number(name, text);
        break;
    case 'p':
        settings->partitions = (int32_t)number(name, text);
        break;
    case 'k':
        settings->pack = number(name, text);
        break;
    default:
        option_text(settings, key, text);
    }
}

static void settings_parse(struct settings *settings, int argc, char **argv)
{
    int key, index = 0;
    while ((key = getopt_long(argc, argv, "", options, &index)) != -1)
        option_take(settings, key, options[index].name, optarg);
    if (optind < argc || !settings->brokers != !settings->topic || settings->pack == 0 || settings->partitions < 1) {
        usage(stderr);
        exit(2);
    }
}

static void write_all(struct flows_text *text)
{
    if (fwrite(text->data, 1, text->size, stdout) != text->size) {
        perror("standard output");
        exit(1);
    }
    text->size = 0;
}

static void make_lines(const struct settings *settings, struct flows *flows)
{
    struct flows_text text = {NULL, 0, 0};
    for (uint64_t i = 0; i < settings->records; i++) {
        flows_next(flows, &text);
        if (text.size >= BLOCK_BYTES || i + 1 == settings->records)
            write_all(&text);
    }
    if (fflush(stdout) != 0) {
        perror("standard output");
        exit(1);
    }
    free(text.data);
}

static void make_messages(const struct settings *settings, struct flows *flows)
{
    struct producer *producer = producer_new(settings->brokers, settings->topic, settings->compression);
    struct flows_text text = {NULL, 0, 0};
    uint64_t messages = 0;
    for (uint64_t i = 0; i < settings->records; i++) {
        flows_next(flows, &text);
        if ((i + 1) % settings->pack != 0 && i + 1 < settings->records)
            continue;
        producer_send(producer, (int32_t)(messages++ % (uint64_t)settings->partitions), text.data, text.size);
        text.size = 0;
    }
    producer_close(producer);
    free(text.data);
}

static void summary_write(const char *path, const struct flows_counts *counts)
{
    FILE *file = fopen(path, "w");
    if (!file) {
        perror(path);
        exit(1);
    }
    fprintf(file, "{\"records\": %llu, \"counted\": %llu, \"markers\": %llu, \"malformed\": {",
            (unsigned long long)counts->records, (unsigned long long)counts->counted,
            (unsigned long long)counts->markers);
    for (int i = 0; i < FLOWS_FAULT_COUNT; i++)
        fprintf(file, "%s\"%s\": %llu", i ? ", " : "", flows_fault_names[i], (unsigned long long)counts->malformed[i]);
    fputs("}}\n", file);
    fclose(file);
}

int main(int argc, char **argv)
{
    struct settings settings = {.records = 1000, .pack = 1, .partitions = 1, .compression = "none"};
    settings.flows = (struct flows_options){.seed = 1, .asn = 64500, .as_count = 1000, .routers = 4};
    settings_parse(&settings, argc, argv);
    const char *why;
    struct flows *flows = flows_new(&settings.flows, &why);
    if (!flows) {
        fprintf(stderr, "%s\n", why);
        return 2;
    }
    if (settings.names && flows_names_write(&settings.flows, settings.names)) {
        perror(settings.names);
        return 1;
    }
    if (settings.brokers)
        make_messages(&settings, flows);
    else
        make_lines(&settings, flows);
    if (settings.summary)
        summary_write(settings.summary, flows_counts(flows));
    flows_free(flows);
    return 0;
}
