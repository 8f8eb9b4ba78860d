/*
 * Two oracles for the decoder: a second, plain implementation of RFC 8259, and json-c's tree for the values. Unit tests
 * and the fuzzer use them. One thread.
 */
#ifndef TESTS_DECODE_CHECK_H
#define TESTS_DECODE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "decode/decoder.h"

/* Applies RFC 8259 to the value at [at, end). Returns the value's end, or NULL and the reason. */
const char *rfc_value(const char *at, const char *end, unsigned max_depth, enum fxi_decode *why);

/* Whether text is a number by the grammar. text may contain NUL. */
bool rfc_is_number(const char *text, size_t size);

/* A checker keeps one decoder for each way of scanning. What a decoder has learnt carries over to the next payload. */
struct decode_checker;
struct decode_checker *decode_checker_new(const struct fxi_field *fields, size_t count, unsigned max_depth);
void decode_checker_free(struct decode_checker *checker);

/*
 * Decodes the payload with every way of scanning, from memory that ends where the payload ends. Compares each record
 * with the oracles, or the reason of its rejection and the place where decoding continued. Returns true, or prints the
 * difference and returns false.
 */
bool decode_check(struct decode_checker *checker, const char *payload, size_t size);

/* Shows the payload to the decoders this many times, and ignores the results. */
void decode_checker_train(struct decode_checker *checker, const char *payload, size_t size, unsigned rounds);

/* The numbers of accepted and rejected records. A test can see from them that it tested something. */
size_t decode_checker_accepted(const struct decode_checker *checker);
size_t decode_checker_rejected(const struct decode_checker *checker);

#endif
