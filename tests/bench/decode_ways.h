/*
 * Ways to take the same four fields of the same records: our decoder with each way of scanning, json-c's tree, and
 * simdjson's On-Demand. All are asked for the same names, and must find the same.
 */
#ifndef BENCH_DECODE_WAYS_H
#define BENCH_DECODE_WAYS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The names of the fields: three numbers, then a text, in their usual order. */
#define DECODE_NUMBERS 3
struct decode_names {
    const char *numbers[DECODE_NUMBERS];
    const char *text;
};

/* Records separated by newlines. As many readable bytes follow them as the greediest decoder wants. */
#define DECODE_PADDING 256
struct decode_payload {
    const char *data;
    size_t size;
};

/* The result of a way. text is a sum over the texts' bytes. */
struct decode_sums {
    uint64_t records, numbers[DECODE_NUMBERS], text;
};

static inline void decode_add_text(struct decode_sums *sums, const char *text, size_t size)
{
    sums->text = sums->text * 31 + size;
    if (size)
        sums->text += (unsigned char)text[0] + 256U * (unsigned char)text[size - 1];
}

/* Each of these functions ends the program when a record can't be read. */
struct decode_sums decode_json_c(const struct decode_payload *payload, const struct decode_names *names);
/* decode_simdjson goes record by record; decode_simdjson_many uses the stream of documents (iterate_many). */
struct decode_sums decode_simdjson(const struct decode_payload *payload, const struct decode_names *names);
struct decode_sums decode_simdjson_many(const struct decode_payload *payload, const struct decode_names *names);
/* The instruction set that simdjson was compiled for. */
const char *decode_simdjson_name(void);

#ifdef __cplusplus
}
#endif

#endif
