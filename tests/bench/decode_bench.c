/*
 * Our decoder (with each way of scanning), json-c's tree and simdjson On-Demand take the same four fields of the same
 * records, in turns. The figures are medians of several rounds, in CPU time. All ways must find the same.
 *
 *     decode_bench pmacct|mixed|goflow2 [RECORDS [ROUNDS]]
 *     decode_bench FILE [0 [ROUNDS]]    pmacct's records, by our best way and simdjson's only
 *
 * Prints JSON: nanoseconds for a record, by way. Ways that this machine or build lacks are left out.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "decode/decoder.h"
#include "decode_ways.h"
#include "flows.h"

#define MAX_ROUNDS 99

struct way {
    const char *name;
    int scan; /* one of our ways of scanning; -1: take is a library's */
    struct decode_sums (*take)(const struct decode_payload *payload, const struct decode_names *names);
    double seconds[MAX_ROUNDS];
    bool is_missing;
};

static struct way ways[] = {
    {.name = "portable", .scan = FXI_SCAN_PORTABLE},
#ifdef __aarch64__
    {.name = "neon", .scan = FXI_SCAN_NEON},
#else
    {.name = "sse2", .scan = FXI_SCAN_SSE2},
    {.name = "avx2", .scan = FXI_SCAN_AVX2},
#endif
    {.name = "json_c", .scan = -1, .take = decode_json_c},
#ifdef HAVE_SIMDJSON
    {.name = "simdjson", .scan = -1, .take = decode_simdjson},
    {.name = "simdjson_many", .scan = -1, .take = decode_simdjson_many},
#endif
};
#define WAY_COUNT (sizeof ways / sizeof *ways)

struct set {
    const char *name;
    struct flows_options flows;
    struct decode_names names;
};

#define SET_FLOWS .seed = 1, .asn = 64500, .as_count = 50000, .routers = 64, .spread = true, .skip_series = true
#define PMACCT    .names = {{"as_src", "as_dst", "bytes"}, "label"}
static const struct set sets[] = {
    {"pmacct", .flows = {SET_FLOWS}, PMACCT},
    {"mixed", .flows = {SET_FLOWS, .mixed = true}, PMACCT},
    {"goflow2", .flows = {SET_FLOWS, .format = FLOWS_GOFLOW2},
     .names = {{"bytes", "src_as", "dst_as"}, "sampler_address"}},
};

static void die(const char *why)
{
    fprintf(stderr, "decode_bench: %s\n", why);
    exit(1);
}

static struct decode_sums take_ours(struct fxi_decoder *decoder, const struct decode_payload *payload)
{
    struct decode_sums sums = {0};
    struct fxi_arena arena;
    fxi_arena_init(&arena, (size_t)1 << 20);
    struct fx_value row[DECODE_NUMBERS + 1];
    const char *at = payload->data, *end = at + payload->size;
    enum fxi_decode result;
    while ((result = fxi_decoder_next(decoder, &at, end, row, &arena, NULL)) == FXI_DECODE_RECORD) {
        sums.records++;
        for (int i = 0; i < DECODE_NUMBERS; i++)
            sums.numbers[i] += row[i].u;
        decode_add_text(&sums, row[DECODE_NUMBERS].text, row[DECODE_NUMBERS].size);
        fxi_arena_reset(&arena);
    }
    if (result != FXI_DECODE_END)
        die(fxi_decode_name(result));
    fxi_arena_fini(&arena);
    return sums;
}

static struct fxi_decoder *decoder_make(const struct decode_names *names)
{
    struct fxi_field fields[DECODE_NUMBERS + 1];
    for (int i = 0; i < DECODE_NUMBERS; i++)
        fields[i] = (struct fxi_field){names->numbers[i], FX_UNSIGNED, 0, 0, 0};
    fields[DECODE_NUMBERS] = (struct fxi_field){names->text, FX_TEXT, 0, 0, 0};
    struct fxi_decoder *decoder = fxi_decoder_new(fields, DECODE_NUMBERS + 1, 64, NULL);
    if (!decoder)
        die("no decoder");
    return decoder;
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

/* Runs one round of one way. The result of the first way is what all must find. */
static void time_way(struct way *way, int round, struct fxi_decoder *decoder, const struct decode_payload *payload,
                     const struct decode_names *names, struct decode_sums *expected)
{
    if (way->scan >= 0 && fxi_decoder_set_scan(decoder, (enum fxi_scan)way->scan) != 0)
        way->is_missing = true;
    if (way->is_missing)
        return;
    double start = cpu_seconds();
    struct decode_sums sums = way->scan >= 0 ? take_ours(decoder, payload) : way->take(payload, names);
    way->seconds[round] = cpu_seconds() - start;
    if (!expected->records)
        *expected = sums;
    if (memcmp(&sums, expected, sizeof sums) != 0)
        die("the ways differ in what they find");
}

static void print_result(const struct decode_payload *payload, unsigned records, int rounds)
{
    printf("{\"records\": %u, \"bytes\": %zu, ", records, payload->size);
#ifdef HAVE_SIMDJSON
    printf("\"simdjson\": \"%s\", ", decode_simdjson_name());
#endif
    const char *comma = "\"ns\": {";
    for (size_t i = 0; i < WAY_COUNT; i++) {
        if (ways[i].is_missing)
            continue;
        qsort(ways[i].seconds, (size_t)rounds, sizeof *ways[i].seconds, compare_doubles);
        printf("%s\"%s\": %.2f", comma, ways[i].name, ways[i].seconds[rounds / 2] / records * 1e9);
        comma = ", ";
    }
    printf("}}\n");
}

static struct decode_payload make_payload(const struct set *set, unsigned records, struct flows_text *text)
{
    const char *why;
    struct flows *flows = flows_new(&set->flows, &why);
    if (!flows)
        die(why);
    for (unsigned i = 0; i < records; i++)
        flows_next(flows, text);
    flows_free(flows);
    static const char padding[DECODE_PADDING];
    size_t size = text->size;
    flows_text_add(text, padding, sizeof padding);
    return (struct decode_payload){text->data, size};
}

static const struct set *set_find(const char *name)
{
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
        if (strcmp(sets[i].name, name) == 0)
            return &sets[i];
    return NULL;
}

static struct decode_payload load_payload(const char *path, unsigned *records, struct flows_text *text)
{
    static char block[1 << 20];
    FILE *file = fopen(path, "r");
    size_t got;
    if (!file)
        die("usage: decode_bench pmacct|mixed|goflow2|FILE [RECORDS [ROUNDS, 1 to 99]]");
    while ((got = fread(block, 1, sizeof block, file)))
        flows_text_add(text, block, got);
    fclose(file);
    for (const char *at = text->data; (at = memchr(at, '\n', text->size - (size_t)(at - text->data))); at++)
        ++*records;
    size_t size = text->size;
    flows_text_add(text, block, DECODE_PADDING);
    return (struct decode_payload){text->data, size};
}

/* Leaves the last of our ways that this processor has, and all others but json-c, which would take too long. */
static void leave_best_ways(struct fxi_decoder *decoder)
{
    bool is_found = false;
    for (size_t i = WAY_COUNT; i-- > 0;) {
        struct way *way = &ways[i];
        bool is_best = way->scan >= 0 && !is_found && fxi_decoder_set_scan(decoder, (enum fxi_scan)way->scan) == 0;
        is_found = is_found || is_best;
        way->is_missing = way->scan >= 0 ? !is_best : way->take == decode_json_c;
    }
}

int main(int argc, char **argv)
{
    const struct set *set = argc > 1 ? set_find(argv[1]) : NULL;
    unsigned records = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 200000;
    int rounds = argc > 3 ? atoi(argv[3]) : 5;
    if (argc < 2 || (set && !records) || rounds < 1 || rounds > MAX_ROUNDS)
        die("usage: decode_bench pmacct|mixed|goflow2|FILE [RECORDS [ROUNDS, 1 to 99]]");
    struct flows_text text = {0};
    if (!set)
        records = 0; /* as many as the file has */
    struct decode_payload payload = set ? make_payload(set, records, &text) : load_payload(argv[1], &records, &text);
    const struct decode_names *names = set ? &set->names : &sets[0].names;
    struct fxi_decoder *decoder = decoder_make(names);
    if (!set)
        leave_best_ways(decoder);
    struct decode_sums expected = {0};
    for (int round = 0; round < rounds; round++)
        for (size_t i = 0; i < WAY_COUNT; i++)
            time_way(&ways[i], round, decoder, &payload, names, &expected);
    if (expected.records != records)
        die("records were lost");
    print_result(&payload, records, rounds);
    fxi_decoder_free(decoder);
    free(text.data);
    return 0;
}
