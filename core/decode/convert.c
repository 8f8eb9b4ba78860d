/* Converts what a record held at the claimed nodes to the values of its row. Only the worker's thread. */
#include <string.h>

#include "decode/number.h"
#include "decode/decoder_parts.h"
#include "decode/string.h"

/* Gives the text of a string. Text with escapes is unescaped into the arena. */
static int capture_text(const struct fxi_decoder *d, const struct fxi_capture *capture, struct fxi_arena *arena,
                        const char **text, size_t *size)
{
    *text = fxi_decode_origin(d, capture->text);
    *size = capture->size;
    if (capture->kind != FXI_KIND_ESCAPED)
        return 0;
    char *copy = fxi_arena_alloc(arena, capture->size);
    if (!copy)
        return -1;
    *size = fxi_string_unescape(copy, *text, capture->size);
    *text = copy;
    return 0;
}

static enum fxi_decode convert_text(const struct fxi_decoder *d, const struct fxi_capture *capture,
                                    struct fx_value *value, struct fxi_arena *arena)
{
    if (capture->kind == FXI_KIND_NULL)
        return FXI_DECODE_RECORD;
    if (capture->kind == FXI_KIND_CONTAINER)
        return fxi_join(d, fxi_decode_origin(d, capture->text), value, arena) ? FXI_DECODE_RANGE : FXI_DECODE_RECORD;
    const char *text;
    size_t size;
    if (capture_text(d, capture, arena, &text, &size) != 0)
        return FXI_DECODE_RANGE;
    value->text = text;
    value->size = (uint32_t)size;
    value->type = FX_TEXT;
    return FXI_DECODE_RECORD;
}

static enum fxi_decode set_integer(struct fx_value *value, enum fx_type type, bool negative, uint64_t magnitude)
{
    if (type == FX_UNSIGNED) {
        if (negative)
            return FXI_DECODE_RANGE;
        value->u = magnitude;
    } else {
        if (magnitude > (uint64_t)INT64_MAX + negative)
            return FXI_DECODE_RANGE;
        value->i = (int64_t)(negative ? 0 - magnitude : magnitude);
    }
    value->type = type;
    return FXI_DECODE_RECORD;
}

static enum fxi_decode set_double(const struct fxi_decoder *d, struct fx_value *value, const char *text, size_t size,
                                  struct fxi_arena *arena)
{
    double number;
    if (!fxi_number_double_exact(text, size, &number)) {
        char *copy = fxi_arena_alloc(arena, size + 1);
        if (!copy)
            return FXI_DECODE_RANGE;
        memcpy(copy, text, size);
        copy[size] = '\0';
        if (fxi_number_double(copy, d->c_locale, &number) != 0)
            return FXI_DECODE_RANGE;
    }
    value->d = number;
    value->type = FX_DOUBLE;
    return FXI_DECODE_RECORD;
}

/* Converts a number that is not just a few digits, or a string that must be one. */
static enum fxi_decode convert_number(const struct fxi_decoder *d, const struct fxi_target *target,
                                      const struct fxi_capture *capture, struct fx_value *value,
                                      struct fxi_arena *arena)
{
    enum fx_type type = target->type;
    if (capture->kind == FXI_KIND_NULL)
        return FXI_DECODE_RECORD;
    if (capture->kind == FXI_KIND_BOOLEAN || capture->kind == FXI_KIND_CONTAINER)
        return FXI_DECODE_TYPE;
    const char *text, *stop;
    size_t size;
    if (capture_text(d, capture, arena, &text, &size) != 0)
        return FXI_DECODE_RANGE;
    if (!size && target->is_optional)
        return FXI_DECODE_RECORD;
    if (capture->kind != FXI_KIND_NUMBER && capture->kind != FXI_KIND_DIGITS &&
        fxi_number_end(text, text + size, &stop) != text + size)
        return FXI_DECODE_TYPE;
    if (type == FX_DOUBLE)
        return set_double(d, value, text, size, arena);
    bool negative;
    uint64_t magnitude;
    if (fxi_number_integer(text, size, &negative, &magnitude) != 0)
        return FXI_DECODE_RANGE;
    return set_integer(value, type, negative, magnitude);
}

/* Converts everything that convert_usual leaves. */
static __attribute__((noinline)) enum fxi_decode convert(struct fxi_decoder *d, const struct fxi_target *target,
                                                         struct fx_value *value, struct fxi_arena *arena)
{
    const struct fxi_capture *capture = target->capture;
    struct fxi_capture picked;
    *value = (struct fx_value){.type = FX_NULL};
    if (capture->kind == FXI_KIND_ABSENT) {
        if (!fxi_pick(d, target->pick, &picked))
            return FXI_DECODE_RECORD;
        capture = &picked;
    }
    enum fxi_decode decode = target->type == FX_TEXT ? convert_text(d, capture, value, arena)
                                                     : convert_number(d, target, capture, value, arena);
    if (decode != FXI_DECODE_RECORD && target->is_lenient)
        return FXI_DECODE_RECORD;
    if (decode != FXI_DECODE_RECORD)
        fxi_decode_fault(d, capture->text, decode);
    return decode;
}

/*
 * Converts short numbers where an integer is claimed, plain text where text is claimed, and absent values. A number of
 * 15 digits fits both integer types. False: the value is none of these.
 */
static inline bool convert_usual(const struct fxi_decoder *d, const struct fxi_target *target, struct fx_value *value)
{
    const struct fxi_capture *capture = target->capture;
    if (!capture || capture->kind == FXI_KIND_ABSENT) {
        if (FXI_UNLIKELY(target->pick != NULL))
            return false;
        *value = (struct fx_value){.type = FX_NULL};
        return true;
    }
    if (capture->kind == FXI_KIND_DIGITS && (target->type == FX_UNSIGNED || target->type == FX_SIGNED)) {
        value->u = fxi_digits_value(capture->text, capture->size);
        value->size = 0;
    } else if (capture->kind == FXI_KIND_STRING && target->type == FX_TEXT) {
        value->text = fxi_decode_origin(d, capture->text);
        value->size = capture->size;
    } else {
        return false;
    }
    value->type = target->type;
    return true;
}

enum fxi_decode fxi_decode_convert(struct fxi_decoder *d, struct fx_value *row, struct fxi_arena *arena)
{
    const struct fxi_target *end = d->targets + d->field_count;
    for (const struct fxi_target *target = d->targets; target < end; target++, row++) {
        if (FXI_LIKELY(convert_usual(d, target, row)))
            continue;
        enum fxi_decode decode = convert(d, target, row, arena);
        if (FXI_UNLIKELY(decode != FXI_DECODE_RECORD))
            return decode;
    }
    return FXI_DECODE_RECORD;
}
