/*
 * Two oracles for the decoder: RFC 8259 implemented a second time, as plainly as possible, and json-c's tree for the
 * values. For unit tests and the fuzzer. One thread.
 */
#ifndef TESTS_DECODE_CHECK_H
#define TESTS_DECODE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "decode/decoder.h"

/* Applies RFC 8259 to the value at [at, end). Gives its end, or NULL and the reason. */
const char *rfc_value(const char *at, const char *end, unsigned max_depth, enum fxi_decode *why);

/* Whether text is a number by the grammar. text may contain NUL. */
bool rfc_is_number(const char *text, size_t size);

/* A checker keeps a decoder for each way of scanning, so that what they learnt carries over to the next payload. */
struct decode_checker;
struct decode_checker *decode_checker_new(const struct fxi_field *fields, size_t count, unsigned max_depth);
void decode_checker_free(struct decode_checker *checker);

/*
 * Decodes the payload in every way of scanning, from memory that ends with it. Compares each record with the oracles,
 * or the reason of its rejection and the place where decoding continued. Gives true, or prints the difference and gives
 * false.
 */
bool decode_check(struct decode_checker *checker, const char *payload, size_t size);

/* Shows the payload to the decoders this often, without looking at the results. */
void decode_checker_train(struct decode_checker *checker, const char *payload, size_t size, unsigned rounds);

/* The numbers of accepted and rejected records, so that a test can see that it tested something. */
size_t decode_checker_accepted(const struct decode_checker *checker);
size_t decode_checker_rejected(const struct decode_checker *checker);

#endif
