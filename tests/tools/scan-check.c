/*
 * Every way of scanning on this processor must find what the portable way finds: in sample flows, and in flows with
 * bytes that are changed, cut out or doubled. This check is for processors on which the other tests don't run: ./dev
 * arm64 builds it for arm64 and runs it under qemu. One thread.
 *
 *     scan-check [PAYLOADS]
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/decoder.h"
#include "flows.h"

#define LINES       6
#define ROUNDS      40 /* of a payload, until the decoder guesses sizes */
#define ARENA_BYTES ((size_t)1 << 20)
#define PAYLOADS    3000

static const struct fxi_field fields[] = {{"as_src", FX_UNSIGNED, 0, 0, 0},
                                          {"as_dst", FX_SIGNED, 0, 0, 0},
                                          {"bytes", FX_DOUBLE, 0, 0, 0},
                                          {"bytes", FX_TEXT, 0, 0, 0},
                                          {"custom_primitives.vrf.id", FX_UNSIGNED, 0, 0, 0},
                                          {"label", FX_TEXT, 0, 0, 0},
                                          {"stamp_inserted", FX_TEXT, 0, 0, 0}};
#define FIELD_COUNT (sizeof fields / sizeof *fields)

/* A payload's results as a checksum that depends on their order. */
struct results {
    unsigned long long sum;
    unsigned records, rejected;
};

static unsigned long long state = 1;

static unsigned below(unsigned bound)
{
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (unsigned)(state >> 33) % bound;
}

static void die(const char *why)
{
    fprintf(stderr, "scan-check: %s\n", why);
    exit(1);
}

static void add_bytes(struct results *results, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < size; i++)
        results->sum = (results->sum ^ bytes[i]) * 1099511628211ULL;
}

static void add_row(struct results *results, const struct fx_value *row)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        add_bytes(results, &row[i].type, sizeof row[i].type);
        if (row[i].type == FX_TEXT)
            add_bytes(results, row[i].text, row[i].size);
        else if (row[i].type != FX_NULL)
            add_bytes(results, &row[i].u, sizeof row[i].u);
    }
}

static struct results decode(struct fxi_decoder *decoder, struct fxi_arena *arena, const char *payload, size_t size)
{
    struct results results = {0};
    const char *at = payload, *end = payload + size, *where = payload;
    for (;;) {
        struct fx_value row[FIELD_COUNT];
        enum fxi_decode result = fxi_decoder_next(decoder, &at, end, row, arena, &where);
        size_t place = (size_t)((result == FXI_DECODE_RECORD || result == FXI_DECODE_END ? at : where) - payload);
        add_bytes(&results, &result, sizeof result);
        add_bytes(&results, &place, sizeof place);
        fxi_arena_reset(arena);
        if (result == FXI_DECODE_END)
            return results;
        if (result == FXI_DECODE_RECORD) {
            add_row(&results, row);
            results.records++;
        } else {
            results.rejected++;
        }
    }
}

/* Makes one change, in memory of exactly the payload's size: a sanitizer notices a read beyond it. */
static char *change(const struct flows_text *text, size_t *size)
{
    static const char bytes[] = "\"\\{}[],:0123456789-.eu \n\t\x01\x7f\x80\xc3\xe2\xff";
    size_t at = below((unsigned)text->size);
    unsigned kind = below(4);
    *size = kind == 0 ? text->size : kind == 1 ? text->size - 1 : kind == 2 ? text->size + 1 : at;
    char *copy = malloc(*size ? *size : 1);
    if (!copy)
        die("no memory");
    memcpy(copy, text->data, at < *size ? at : *size);
    if (kind == 0) {
        memcpy(copy + at, text->data + at, text->size - at);
        copy[at] = bytes[below(sizeof bytes - 1)];
    } else if (kind == 1) {
        memcpy(copy + at, text->data + at + 1, text->size - at - 1);
    } else if (kind == 2) {
        copy[at] = text->data[at];
        memcpy(copy + at + 1, text->data + at, text->size - at);
    }
    return copy;
}

struct way {
    int scan;
    struct fxi_decoder *decoder;
};

static unsigned find_ways(struct way ways[FXI_SCAN_COUNT])
{
    unsigned count = 0;
    for (int scan = 0; scan < FXI_SCAN_COUNT; scan++) {
        struct fxi_decoder *decoder = fxi_decoder_new(fields, FIELD_COUNT, 8, NULL);
        if (!decoder)
            die("no decoder");
        if (fxi_decoder_set_scan(decoder, (enum fxi_scan)scan) == 0)
            ways[count++] = (struct way){scan, decoder};
        else
            fxi_decoder_free(decoder);
    }
    return count;
}

/* All ways must find what the first way finds. Adds its results to the totals. */
static void compare(const struct way *ways, unsigned count, struct fxi_arena *arena, const char *payload, size_t size,
                    struct results *totals)
{
    struct results first = {0};
    for (unsigned i = 0; i < count; i++) {
        struct results results = decode(ways[i].decoder, arena, payload, size);
        if (i == 0)
            first = results;
        if (memcmp(&first, &results, sizeof first) != 0) {
            fprintf(stderr, "scan %d differs from scan %d in:\n%.*s\n", ways[i].scan, ways[0].scan, (int)size, payload);
            exit(1);
        }
    }
    totals->records += first.records;
    totals->rejected += first.rejected;
}

static void check_payload(const struct way *ways, unsigned count, struct fxi_arena *arena, struct flows *flows,
                          struct flows_text *text, struct results *totals)
{
    text->size = 0;
    for (int i = 0; i < LINES; i++)
        flows_next(flows, text);
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t size;
        char *changed = change(text, &size);
        compare(ways, count, arena, text->data, text->size, totals);
        compare(ways, count, arena, changed, size, totals);
        free(changed);
    }
}

int main(int argc, char **argv)
{
    unsigned payloads = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : PAYLOADS;
    const struct flows_options options = {
        .seed = 1, .asn = 64500, .as_count = 50000, .routers = 64, .spread = true, .mixed = true, .malformed = 0.01};
    const char *why;
    struct flows *flows = flows_new(&options, &why);
    struct way ways[FXI_SCAN_COUNT];
    unsigned count = find_ways(ways);
    if (!flows || count < 2)
        die("there is nothing to compare");
    struct flows_text text = {0};
    struct results totals = {0};
    struct fxi_arena arena;
    fxi_arena_init(&arena, ARENA_BYTES);
    for (unsigned i = 0; i < payloads; i++)
        check_payload(ways, count, &arena, flows, &text, &totals);
    printf("%u ways agree on %u records and %u rejected ones\n", count, totals.records, totals.rejected);
    for (unsigned i = 0; i < count; i++)
        fxi_decoder_free(ways[i].decoder);
    fxi_arena_fini(&arena);
    flows_free(flows);
    free(text.data);
    return totals.records && totals.rejected ? 0 : 1;
}
