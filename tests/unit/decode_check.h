/*
 * Two oracles for the decoder: RFC 8259 written down a second time, as plainly as can be, and json-c's tree for the
 * values. Used by unit tests and by the fuzzer. One thread.
 */
#ifndef TESTS_DECODE_CHECK_H
#define TESTS_DECODE_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "decode/decoder.h"

/* What RFC 8259 says of the value at [at, end): its end, or NULL and why. */
const char *rfc_value(const char *at, const char *end, unsigned max_depth, enum fxi_decode *why);

/* Whether text is a number by the grammar. It may contain NUL. */
bool rfc_is_number(const char *text, size_t size);

/* Checkers keep a decoder for each way of scanning, so that what they learnt carries over to the next payload. */
struct decode_checker;
struct decode_checker *decode_checker_new(const struct fxi_field *fields, size_t count, unsigned max_depth);
void decode_checker_free(struct decode_checker *checker);

/*
 * Decodes the payload (copied to memory that ends where it ends) in every way of scanning and compares each
 * record, or the reason of its rejection and where it went on, with the oracles. Prints the difference and gives
 * false, or gives true.
 */
bool decode_check(struct decode_checker *checker, const char *payload, size_t size);

/* Lets the decoders see the payload so often, without looking at what they find. */
void decode_checker_train(struct decode_checker *checker, const char *payload, size_t size, unsigned rounds);

/* Records accepted, and rejected, so that a test can see that it tested something. */
size_t decode_checker_accepted(const struct decode_checker *checker);
size_t decode_checker_rejected(const struct decode_checker *checker);

#endif
