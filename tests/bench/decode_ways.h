/*
 * Ways to take the same four fields of the same records: ours, each way of scanning; json-c's tree; simdjson's
 * On-Demand. All are asked for the same names, and must find the same.
 */
#ifndef BENCH_DECODE_WAYS_H
#define BENCH_DECODE_WAYS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of the fields: three numbers, then a text, in their usual order. */
#define DECODE_NUMBERS 3
struct decode_names {
    const char *numbers[DECODE_NUMBERS];
    const char *text;
};

/* Records separated by newlines, with as many readable bytes after them as the greediest decoder wants. */
#define DECODE_PADDING 256
struct decode_payload {
    const char *data;
    size_t size;
};

/* What a way found. text is a sum over the texts' bytes. */
struct decode_sums {
    uint64_t records, numbers[DECODE_NUMBERS], text;
};

static inline void decode_add_text(struct decode_sums *sums, const char *text, size_t size)
{
    sums->text = sums->text * 31 + size;
    if (size)
        sums->text += (unsigned char)text[0] + 256U * (unsigned char)text[size - 1];
}

/* Each ends the program when a record can't be read. */
struct decode_sums decode_json_c(const struct decode_payload *payload, const struct decode_names *names);
/* Record by record, and its stream of documents (iterate_many). */
struct decode_sums decode_simdjson(const struct decode_payload *payload, const struct decode_names *names);
struct decode_sums decode_simdjson_many(const struct decode_payload *payload, const struct decode_names *names);
/* The instructions that it was compiled for. */
const char *decode_simdjson_name(void);

#ifdef __cplusplus
}
#endif

#endif
