/*
 * Conditions: turns the texts of match and unless into tests, and tests records. The main thread makes conditions in
 * create. Workers ask them.
 */
#include "metric/condition.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/error.h>

#define DIGITS      "0123456789"
#define ADDRESS_MAX 46 /* the longest text of an address, with its NUL */

/* What a value looks like, before the kind of its condition is known. */
enum look { LOOK_NUMBER, LOOK_RANGE, LOOK_ADDRESS, LOOK_TEXT };

/* ---- numbers and addresses */

/* Only digits, of a number of 64 bits. */
static bool read_number(const char *text, size_t size, uint64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned char)text[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(*number, UINT64_C(10), number) ||
            __builtin_add_overflow(*number, (uint64_t)digit, number))
            return false;
    }
    return size > 0;
}

/* 4 or 16 bytes. An IPv4 address written as IPv6 is read as IPv4. 0: no address. */
static unsigned read_address(const char *text, size_t size, unsigned char bytes[16])
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char copy[ADDRESS_MAX];
    if (size >= sizeof copy || memchr(text, '\0', size))
        return 0;
    memcpy(copy, text, size);
    copy[size] = '\0';
    if (inet_pton(AF_INET, copy, bytes) == 1)
        return 4;
    if (inet_pton(AF_INET6, copy, bytes) != 1)
        return 0;
    if (memcmp(bytes, mapped, sizeof mapped) != 0)
        return 16;
    memmove(bytes, bytes + sizeof mapped, 4);
    return 4;
}

static bool has_bits_behind(const unsigned char *bytes, unsigned size, unsigned bits)
{
    for (unsigned bit = bits; bit < size * 8; bit++)
        if (bytes[bit / 8] >> (7 - bit % 8) & 1)
            return true;
    return false;
}

static bool is_in_prefix(const struct prom_test *test, const unsigned char *bytes, unsigned size)
{
    unsigned whole = test->address.bits / 8, rest = test->address.bits % 8;
    if (size != test->address.size || memcmp(bytes, test->address.bytes, whole) != 0)
        return false;
    return rest == 0 || (bytes[whole] ^ test->address.bytes[whole]) >> (8 - rest) == 0;
}

/* ---- values as they are written */

static const char *without_sign(const char *value)
{
    return value + (*value == '!');
}

/* "10.0/8" is an attempt at a prefix, "ge-0/0/1" and "eth0" are names. */
static bool looks_like_address(const char *text)
{
    size_t size = strspn(text, "0123456789abcdefABCDEF.:");
    bool has_separator = memchr(text, ':', size) || memchr(text, '.', size);
    unsigned char bytes[16];
    if (text[size] == '/')
        return has_separator && text[size + 1 + strspn(text + size + 1, DIGITS)] == '\0';
    return text[size] == '\0' && read_address(text, size, bytes);
}

static enum look look_at(const char *value)
{
    const char *text = without_sign(value);
    size_t digits = strspn(text, DIGITS);
    if (digits && !text[digits])
        return LOOK_NUMBER;
    size_t more = digits && text[digits] == '-' ? strspn(text + digits + 1, DIGITS) : 0;
    if (more && !text[digits + 1 + more])
        return LOOK_RANGE;
    return looks_like_address(text) ? LOOK_ADDRESS : LOOK_TEXT;
}

/* A name, or digits as the field means them. */
static bool make_word(enum fx_word word, struct prom_test *test, const char *text)
{
    test->number.span = 0;
    return fx_word_number(word, text, strlen(text), &test->number.low);
}

static const char *make_range(struct prom_test *test, const char *text)
{
    size_t digits = strspn(text, DIGITS);
    const char *second = text[digits] == '-' ? text + digits + 1 : text;
    uint64_t low, high;
    if (!read_number(text, digits, &low) || !read_number(second, strlen(second), &high))
        return "is not a whole number of 64 bits, nor a range of two of them like 64512-65534";
    if (low > high)
        return "is a range that ends before it begins; write the smaller number first";
    test->number.low = low;
    test->number.span = high - low;
    return NULL;
}

static const char *make_prefix(struct prom_test *test, const char *text)
{
    size_t size = strcspn(text, "/");
    unsigned char bytes[16];
    uint64_t bits;
    unsigned bytes_size = read_address(text, size, bytes);
    if (!bytes_size)
        return "is not an address, nor a prefix like 10.0.0.0/8 or 2001:db8::/32";
    bool was_mapped = bytes_size == 4 && memchr(text, ':', size);
    if (!text[size])
        bits = bytes_size * 8;
    else if (!read_number(text + size + 1, strlen(text + size + 1), &bits) ||
             bits > (was_mapped ? 128 : bytes_size * 8))
        return "has too many bits after '/': at most 32 for IPv4, 128 for IPv6";
    else if (was_mapped && bits < 96)
        return "is IPv4 written as IPv6, and its prefix is wider than IPv4; write 0.0.0.0/0 for all of IPv4";
    else if (was_mapped)
        bits -= 96;
    if (has_bits_behind(bytes, bytes_size, (unsigned)bits))
        return "has bits after its prefix; make them zero, as in 10.0.0.0/8";
    memcpy(test->address.bytes, bytes, sizeof bytes);
    test->address.size = (uint8_t)bytes_size;
    test->address.bits = (uint8_t)bits;
    return NULL;
}

static const char *make_text(struct prom_test *test, const char *text)
{
    text += *text == '=';
    test->text.data = text;
    test->text.size = strlen(text);
    return NULL;
}

static const char *make_test(const struct prom_condition *condition, struct prom_test *test, const char *value)
{
    const char *text = without_sign(value);
    test->is_negated = text != value;
    if (condition->word && make_word(condition->word, test, text))
        return NULL;
    return condition->kind == PROM_CONDITION_NUMBER    ? make_range(test, text)
           : condition->kind == PROM_CONDITION_ADDRESS ? make_prefix(test, text)
                                                       : make_text(test, text);
}

/* ---- what the values have in common */

/* Numbers among texts are texts. Otherwise all values must be of one kind. False: value wrong is of another kind. */
static bool find_kind(const char *const *values, unsigned count, enum prom_condition_kind *kind, const char **wrong)
{
    const char *of[LOOK_TEXT + 1] = {NULL};
    for (unsigned i = 0; i < count; i++)
        of[look_at(values[i])] = values[i];
    if (of[LOOK_TEXT]) {
        *kind = PROM_CONDITION_TEXT;
        *wrong = of[LOOK_RANGE] ? of[LOOK_RANGE] : of[LOOK_ADDRESS];
    } else if (of[LOOK_ADDRESS]) {
        *kind = PROM_CONDITION_ADDRESS;
        *wrong = of[LOOK_RANGE] ? of[LOOK_RANGE] : of[LOOK_NUMBER];
    } else {
        *kind = PROM_CONDITION_NUMBER;
    }
    return *wrong == NULL;
}

/* A field whose numbers have names is special only if all values are such names, numbers or ranges. */
static enum fx_word word_of(const char *path, const char *const *values, unsigned count)
{
    enum fx_word word = fx_word_of(path);
    uint64_t number;
    for (unsigned i = 0; i < count && word; i++) {
        const char *text = without_sign(values[i]);
        if (look_at(values[i]) != LOOK_RANGE && !fx_word_number(word, text, strlen(text), &number))
            word = FX_WORD_NONE;
    }
    return word;
}

static int make_tests(struct prom_condition *condition, const char *const *values, char why[PROM_WHY_MAX],
                      const char **wrong)
{
    for (unsigned i = 0; i < condition->test_count; i++) {
        const char *fault = make_test(condition, &condition->tests[i], values[i]);
        if (!fault)
            continue;
        *wrong = values[i];
        snprintf(why, PROM_WHY_MAX, "%s", fault);
        return FX_EINVAL;
    }
    return 0;
}

int prom_condition_init(struct prom_condition *condition, bool is_number, const char *const *values, unsigned count,
                        char why[PROM_WHY_MAX], const char **wrong)
{
    *wrong = NULL;
    condition->test_count = count;
    condition->is_number_field = is_number;
    condition->tests = calloc(count, sizeof *condition->tests);
    if (!condition->tests)
        return FX_ENOMEM;
    condition->word = is_number ? FX_WORD_NONE : word_of(condition->path, values, count);
    if (is_number || condition->word) {
        condition->kind = PROM_CONDITION_NUMBER;
    } else if (!find_kind(values, count, &condition->kind, wrong)) {
        snprintf(why, PROM_WHY_MAX,
                 "is of another kind than the others; a field is compared with numbers and ranges, with addresses and "
                 "prefixes, or with texts: write a '=' before a text that looks like one of the others");
        return FX_EINVAL;
    }
    int rc = make_tests(condition, values, why, wrong);
    condition->is_simple = is_number && count == 1 && !condition->tests[0].is_negated;
    if (!rc && condition->is_simple) {
        condition->low = condition->tests[0].number.low;
        condition->span = condition->tests[0].number.span;
    }
    return rc;
}

void prom_condition_fini(struct prom_condition *condition)
{
    free(condition->tests);
    condition->tests = NULL;
}

/* ---- records */

/* The record's value, in the form that the tests of one kind take. */
struct subject {
    bool is_sound; /* otherwise it equals none of the values */
    uint64_t number;
    unsigned char address[16];
    unsigned address_size;
    const char *text;
    size_t size;
};

static void read_subject(const struct prom_condition *condition, const struct fx_value *value, struct subject *subject)
{
    if (value->type != FX_TEXT) { /* a field that is a number; absent is 0 */
        subject->is_sound = true;
        subject->number = prom_number_of(value);
        return;
    }
    subject->text = value->text;
    subject->size = value->size;
    subject->is_sound = true;
    if (condition->word)
        subject->is_sound = fx_word_number(condition->word, value->text, value->size, &subject->number);
    else if (condition->kind == PROM_CONDITION_NUMBER)
        subject->is_sound = read_number(value->text, value->size, &subject->number);
    else if (condition->kind == PROM_CONDITION_ADDRESS)
        subject->is_sound = (subject->address_size = read_address(value->text, value->size, subject->address)) > 0;
}

static bool is_value(const struct prom_condition *condition, const struct prom_test *test,
                     const struct subject *subject)
{
    if (condition->kind == PROM_CONDITION_NUMBER)
        return subject->number - test->number.low <= test->number.span;
    if (condition->kind == PROM_CONDITION_ADDRESS)
        return is_in_prefix(test, subject->address, subject->address_size);
    return subject->size == test->text.size && memcmp(subject->text, test->text.data, subject->size) == 0;
}

/* The value is one of those without '!', if there are any, and none of those with it. */
bool prom_condition_meets_any(const struct prom_condition *condition, const struct fx_value *value)
{
    struct subject subject = {0};
    bool is_wanted = true, is_found = false;
    if (!condition->is_number_field && value->type != FX_TEXT)
        return false;
    read_subject(condition, value, &subject);
    for (unsigned i = 0; i < condition->test_count; i++) {
        const struct prom_test *test = &condition->tests[i];
        bool is_hit = subject.is_sound && is_value(condition, test, &subject);
        if (test->is_negated && is_hit)
            return false;
        if (!test->is_negated) {
            is_wanted = false;
            is_found = is_found || is_hit;
        }
    }
    return is_wanted || is_found;
}

/* ---- what it is, as text */

void prom_define_text(struct prom_buffer *to, const char *text, size_t size)
{
    char escaped[4];
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_plain =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
        int length =
            is_plain ? snprintf(escaped, sizeof escaped, "%c", c) : snprintf(escaped, sizeof escaped, "%%%02x", c);
        prom_buffer_add(to, escaped, (size_t)length);
    }
}

static void define_number(const struct prom_test *test, struct prom_buffer *to)
{
    char text[48];
    uint64_t high = test->number.low + test->number.span;
    int size = test->number.span ? snprintf(text, sizeof text, "%" PRIu64 "-%" PRIu64, test->number.low, high)
                                 : snprintf(text, sizeof text, "%" PRIu64, test->number.low);
    prom_buffer_add(to, text, (size_t)size);
}

static void define_address(const struct prom_test *test, struct prom_buffer *to)
{
    char address[ADDRESS_MAX], text[ADDRESS_MAX + 8];
    inet_ntop(test->address.size == 4 ? AF_INET : AF_INET6, test->address.bytes, address, sizeof address);
    int size = snprintf(text, sizeof text, "%s/%u", address, test->address.bits);
    prom_buffer_add(to, text, (size_t)size);
}

void prom_condition_define(const struct prom_condition *condition, struct prom_buffer *to)
{
    prom_define_text(to, condition->path, strlen(condition->path));
    for (unsigned i = 0; i < condition->test_count; i++) {
        const struct prom_test *test = &condition->tests[i];
        prom_buffer_puts(to, i ? "," : "=");
        prom_buffer_puts(to, test->is_negated ? "!" : "");
        if (condition->kind == PROM_CONDITION_NUMBER) {
            define_number(test, to);
        } else if (condition->kind == PROM_CONDITION_ADDRESS) {
            define_address(test, to);
        } else {
            prom_buffer_puts(to, "\"");
            prom_define_text(to, test->text.data, test->text.size);
        }
    }
}
