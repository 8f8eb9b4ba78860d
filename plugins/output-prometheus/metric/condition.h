/*
 * A condition of a metric: one field, and the values that it may or may not have. The condition is made in create
 * from texts, and only read afterwards. Workers read it for each record, without a lock and without allocating
 * memory.
 */
#ifndef OUTPUT_PROMETHEUS_CONDITION_H
#define OUTPUT_PROMETHEUS_CONDITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/record.h>
#include <flow-exporter/word.h>

#include "base/buffer.h"

enum prom_condition_kind { PROM_CONDITION_NUMBER, PROM_CONDITION_ADDRESS, PROM_CONDITION_TEXT };

/* One value: a range of numbers, the first bits of an address, or a text. */
struct prom_test {
    bool is_negated;
    union {
        struct {
            uint64_t low, span; /* low to low + span */
        } number;
        struct {
            unsigned char bytes[16];
            uint8_t size, bits; /* 4 or 16 bytes */
        } address;
        struct {
            const char *data; /* owned by the option */
            size_t size;
        } text;
    };
};

struct prom_condition {
    const char *path;
    unsigned field;
    enum prom_condition_kind kind;
    bool is_number_field; /* absent is 0; an absent field of another kind meets nothing */
    enum fx_word word;    /* the texts of the field are words for numbers */
    bool is_simple;       /* one range of numbers, for a field that is a number */
    uint64_t low, span;   /* that range */
    unsigned test_count;
    struct prom_test *tests; /* owned */
};

/*
 * Makes a condition from values as they are written ("15169", "64512-65534", "10.0.0.0/8", "!tcp", "=10-20").
 * is_number: the field is a number. 0, FX_ENOMEM, or FX_EINVAL with a sentence in why; *wrong is then the value with
 * the fault. The caller frees in both cases.
 */
#define PROM_WHY_MAX 200
int prom_condition_init(struct prom_condition *condition, bool is_number, const char *const *values, unsigned count,
                        char why[PROM_WHY_MAX], const char **wrong);
void prom_condition_fini(struct prom_condition *condition);
/* Adds "field=values". The text is the same for all ways to write the same values in the same order. */
void prom_condition_define(const struct prom_condition *condition, struct prom_buffer *to);
/* Adds the text so that it has no newline and no '='. */
void prom_define_text(struct prom_buffer *to, const char *text, size_t size);

/* The full test, for conditions that are not simple. */
bool prom_condition_meets_any(const struct prom_condition *condition, const struct fx_value *value);

static inline uint64_t prom_number_of(const struct fx_value *value)
{
    return value->type == FX_UNSIGNED ? value->u : 0;
}

static inline bool prom_condition_meets(const struct prom_condition *condition, const struct fx_value *value)
{
    if (__builtin_expect(condition->is_simple, 1))
        return prom_number_of(value) - condition->low <= condition->span;
    return prom_condition_meets_any(condition, value);
}

#endif
