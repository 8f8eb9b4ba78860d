/*
 * Our decoder and json-c's tree take the same four fields of the same records, in turns; medians of several rounds.
 *
 *     decode_bench [RECORDS [ROUNDS]]
 */
#include <json.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode/decoder.h"
#include "util/alloc.h"
#include "util/str.h"

#define MAX_ROUNDS 99

static const struct fxi_field fields[] = {
    {"as_src", FX_UNSIGNED, 0}, {"as_dst", FX_UNSIGNED, 0}, {"bytes", FX_UNSIGNED, 0}, {"label", FX_TEXT, 0}};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

/* What a way of decoding found: the same for all, or the comparison is worth nothing. */
struct sums {
    uint64_t records, numbers, text_bytes;
};

static uint64_t state = 88172645463325252U;

static unsigned below(unsigned bound)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 16) % bound);
}

/* pmacct's member set, about 320 bytes. */
static void add_record(struct fxi_str *s)
{
    fxi_str_printf(s,
                   "{\"event_type\": \"purge\", \"label\": \"border%u.example.net\", \"as_src\": %u, \"as_dst\": %u, "
                   "\"peer_ip_src\": \"192.0.2.%u\", \"iface_in\": %u, \"iface_out\": %u, \"ip_src\": \"10.%u.%u.%u\", "
                   "\"ip_dst\": \"172.%u.%u.%u\", ",
                   below(16), below(below(2) ? 65536 : 400000), below(below(2) ? 65536 : 400000), below(256),
                   below(1000), below(1000), below(256), below(256), below(256), 16 + below(16), below(256),
                   below(256));
    fxi_str_printf(s,
                   "\"port_src\": %u, \"port_dst\": %u, \"ip_proto\": \"tcp\", \"stamp_inserted\": "
                   "\"1683632%03u.000000\", \"packets\": %u, \"bytes\": %u}\n",
                   below(65536), below(1024), below(1000), below(100), below(100000));
}

static struct sums run_ours(struct fxi_decoder *decoder, const struct fxi_str *payload)
{
    struct sums sums = {0};
    struct fxi_arena arena;
    fxi_arena_init(&arena, (size_t)1 << 30);
    struct fx_value row[FIELD_COUNT];
    const char *at = payload->data, *end = at + payload->size;
    while (fxi_decoder_next(decoder, &at, end, row, &arena, NULL) == FXI_DECODE_RECORD) {
        sums.records++;
        sums.numbers += row[0].u + row[1].u + row[2].u;
        sums.text_bytes += row[3].size;
    }
    fxi_arena_fini(&arena);
    return sums;
}

static uint64_t json_number(struct json_object *tree, const char *name)
{
    return json_object_get_uint64(json_object_object_get(tree, name));
}

static struct sums run_json_c(struct json_tokener *tokener, const struct fxi_str *payload)
{
    struct sums sums = {0};
    const char *at = payload->data, *end = at + payload->size;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        json_tokener_reset(tokener);
        struct json_object *tree = json_tokener_parse_ex(tokener, at, (int)(newline - at));
        if (!tree)
            abort();
        sums.records++;
        sums.numbers += json_number(tree, "as_src") + json_number(tree, "as_dst") + json_number(tree, "bytes");
        sums.text_bytes += (uint64_t)json_object_get_string_len(json_object_object_get(tree, "label"));
        json_object_put(tree);
        at = newline + 1;
    }
    return sums;
}

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, compare_doubles);
    return values[count / 2];
}

/* One round of one way: index 0 to 2 are our ways of scanning, 3 is json-c. Negative: not on this processor. */
static double time_way(int way, struct fxi_decoder *decoder, struct json_tokener *tokener,
                       const struct fxi_str *payload, struct sums *sums)
{
    if (way < FXI_SCAN_COUNT && fxi_decoder_set_scan(decoder, (enum fxi_scan)way) != 0)
        return -1;
    double start = cpu_seconds();
    *sums = way < FXI_SCAN_COUNT ? run_ours(decoder, payload) : run_json_c(tokener, payload);
    return cpu_seconds() - start;
}

static void print_table(double seconds[][MAX_ROUNDS], int rounds, unsigned records)
{
    static const char *const names[] = {"ours, portable", "ours, SSE2", "ours, AVX2", "json-c tree"};
    double json_c = median(seconds[FXI_SCAN_COUNT], rounds);
    printf("%-16s %12s %10s %8s\n", "way", "M records/s", "ns/record", "ratio");
    for (int way = 0; way <= FXI_SCAN_COUNT; way++) {
        double time = median(seconds[way], rounds);
        if (time > 0)
            printf("%-16s %12.2f %10.1f %8.1f\n", names[way], records / time / 1e6, time / records * 1e9,
                   json_c / time);
    }
}

int main(int argc, char **argv)
{
    unsigned records = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 200000;
    int rounds = argc > 2 ? atoi(argv[2]) : 5;
    if (!records || rounds < 1 || rounds > MAX_ROUNDS) {
        fprintf(stderr, "usage: decode_bench [RECORDS [ROUNDS, 1 to %d]]\n", MAX_ROUNDS);
        return 2;
    }
    struct fxi_str payload = {0};
    for (unsigned i = 0; i < records; i++)
        add_record(&payload);
    struct fxi_decoder *decoder = fxi_decoder_new(fields, FIELD_COUNT, 64, NULL);
    struct json_tokener *tokener = json_tokener_new();
    static double seconds[FXI_SCAN_COUNT + 1][MAX_ROUNDS];
    struct sums first = {0};
    for (int round = 0; round < rounds; round++) {
        for (int way = 0; way <= FXI_SCAN_COUNT; way++) {
            struct sums sums = first;
            seconds[way][round] = time_way(way, decoder, tokener, &payload, &sums);
            if (!first.records)
                first = sums;
            if (memcmp(&sums, &first, sizeof sums) != 0 || first.records != records) {
                fprintf(stderr, "decode_bench: the ways differ in what they find\n");
                return 1;
            }
        }
    }
    printf("%u records, %.1f bytes each, %d rounds, CPU time\n", records, (double)payload.size / records, rounds);
    print_table(seconds, rounds, records);
    json_tokener_free(tokener);
    fxi_decoder_free(decoder);
    fxi_str_fini(&payload);
    return 0;
}
