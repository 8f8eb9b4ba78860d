/*
 * Numbers that a resolver wrote, as other types and as text. Only fields that are claimed in several types cost this.
 * The worker's thread.
 */
#include "pipeline/schema.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/batch.h"

#define NUMBER_MAX 32 /* bytes of a number as text */

#define NOTHING ((struct fx_value){.type = FX_NULL})

static size_t print_unsigned(uint64_t number, char *end)
{
    char *at = end;
    do
        *--at = (char)('0' + number % 10);
    while (number /= 10);
    return (size_t)(end - at);
}

/* The shortest form that reads back as the same number. The program's locale is "C". */
static size_t print_double(double number, char text[NUMBER_MAX])
{
    int size = snprintf(text, NUMBER_MAX, "%.15g", number);
    if (strtod(text, NULL) != number)
        size = snprintf(text, NUMBER_MAX, "%.17g", number);
    return (size_t)size;
}

static struct fx_value as_text(const struct fx_value *value, struct fxi_batch *batch)
{
    char buffer[NUMBER_MAX];
    const char *from = buffer;
    size_t size = 0;
    if (value->type == FX_DOUBLE) {
        size = print_double(value->d, buffer);
    } else {
        bool negative = value->type == FX_SIGNED && value->i < 0;
        size = print_unsigned(negative ? 0 - value->u : value->u, buffer + sizeof buffer);
        from = buffer + sizeof buffer - size;
        if (negative) {
            buffer[sizeof buffer - ++size] = '-';
            from--;
        }
    }
    char *text = fx_batch_alloc(&batch->public, size);
    if (!text)
        return NOTHING;
    memcpy(text, from, size);
    return (struct fx_value){.text = text, .size = (uint32_t)size, .type = FX_TEXT};
}

static struct fx_value as_double(const struct fx_value *value)
{
    double number = value->type == FX_UNSIGNED ? (double)value->u
                    : value->type == FX_SIGNED ? (double)value->i
                                               : value->d;
    return (struct fx_value){.d = number, .type = FX_DOUBLE};
}

/* Both bounds are powers of two, so a double has them exactly. */
static struct fx_value as_integer(const struct fx_value *value, enum fx_type type)
{
    struct fx_value made = {.u = value->u, .type = type};
    if (value->type == FX_DOUBLE) {
        double number = value->d;
        if (number != floor(number) || number < (type == FX_SIGNED ? -0x1p63 : 0) ||
            number >= (type == FX_SIGNED ? 0x1p63 : 0x1p64))
            return NOTHING;
        if (type == FX_SIGNED)
            made.i = (int64_t)number;
        else
            made.u = (uint64_t)number;
    } else if (value->type != type && value->i < 0) {
        return NOTHING; /* below 0 for the one, too large for the other */
    }
    return made;
}

struct fx_value fxi_copy_value(const struct fx_value *value, enum fx_type type, struct fxi_batch *batch)
{
    if (value->type != FX_UNSIGNED && value->type != FX_SIGNED && value->type != FX_DOUBLE)
        return NOTHING;
    if (type == FX_TEXT)
        return as_text(value, batch);
    return type == FX_DOUBLE ? as_double(value) : as_integer(value, type);
}

void fxi_copies_make(const struct fxi_schema *schema, const struct fxi_copy *copies, size_t count,
                     struct fxi_batch *batch)
{
    for (uint32_t i = 0; i < batch->public.rows; i++) {
        struct fx_value *row = fx_batch_row(&batch->public, i);
        for (size_t j = 0; j < count; j++)
            row[copies[j].to] = fxi_copy_value(&row[copies[j].from], schema->fields[copies[j].to].type, batch);
    }
}
