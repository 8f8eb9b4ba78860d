/*
 * Any bytes as a payload: the decoder, with every way of scanning, against RFC 8259 and json-c. Each input has new
 * decoders, so that a fault can be reproduced with that input alone. The input goes through them twice, so that they
 * use what they have learnt. Then they see it so often that they guess the sizes of texts. Then one byte is doubled or
 * left out, so that a guess is wrong.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/decode_check.h"

#define MAX_DEPTH       6
#define TRAINING_ROUNDS 40

static const struct fxi_field fields[] = {{"as_src", FX_UNSIGNED, 0, 0, 0}, {"as_dst", FX_SIGNED, 0, 0, 0},
                                          {"bytes", FX_DOUBLE, 0, 0, 0},    {"bytes", FX_TEXT, 0, 0, 0},
                                          {"label.nkey", FX_TEXT, 0, 0, 0}, {"label", FX_TEXT, 0, 0, 0},
                                          {"label.0", FX_TEXT, 0, 0, 0},    {"label.-1.x", FX_TEXT, 0, 0, 0}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct decode_checker *checker, const char *data, size_t size)
{
    if (!decode_check(checker, data, size))
        abort();
}

/* The input itself decides where. */
static void check_changed(struct decode_checker *checker, const char *data, size_t size)
{
    size_t at = 0;
    for (size_t i = 0; i < size; i++)
        at = at * 31 + (unsigned char)data[i];
    at %= size;
    char *copy = malloc(size + 1);
    if (!copy)
        abort();
    memcpy(copy, data, at + 1);
    memcpy(copy + at + 1, data + at, size - at);
    check(checker, copy, size + 1);
    memmove(copy + at, copy + at + 2, size - at - 1);
    check(checker, copy, size - 1);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *payload = (const char *)data;
    struct decode_checker *checker = decode_checker_new(fields, sizeof fields / sizeof *fields, MAX_DEPTH);
    for (int round = 0; round < 2; round++)
        check(checker, payload, size);
    decode_checker_train(checker, payload, size, TRAINING_ROUNDS);
    check(checker, payload, size);
    if (size)
        check_changed(checker, payload, size);
    decode_checker_free(checker);
    return 0;
}
