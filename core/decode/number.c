/* Numbers off the hot path: grammar and conversion. They are always read in the C locale. Any thread. */
#include "decode/number.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

/*
 * A larger exponent can't be balanced by any number of digits that fits in memory. The limit keeps sums from
 * overflowing.
 */
#define EXPONENT_LIMIT (INT64_C(1) << 60)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *at, const char *end)
{
    while (at < end && is_digit(*at))
        at++;
    return at;
}

/* One digit or more. */
static const char *need_digits(const char *at, const char *end, const char **stop)
{
    const char *behind = skip_digits(at, end);
    *stop = behind;
    return behind > at ? behind : NULL;
}

const char *fxi_number_end(const char *at, const char *end, const char **stop)
{
    if (at < end && *at == '-')
        at++;
    if (at < end && *at == '0')
        at++;
    else
        at = need_digits(at, end, stop);
    if (at && at < end && *at == '.')
        at = need_digits(at + 1, end, stop);
    if (at && at < end && (*at | 0x20) == 'e') {
        at++;
        if (at < end && (*at == '+' || *at == '-'))
            at++;
        at = need_digits(at, end, stop);
    }
    return at;
}

/* The parts of a number whose text was checked. */
struct parts {
    bool negative;
    const char *digits, *digits_end; /* including a decimal point */
    int64_t integer_digits;          /* how many digits stand before the point once the exponent is applied */
};

static int64_t read_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    int64_t value = 0;
    for (at += !is_digit(*at); at < end; at++)
        if (value < EXPONENT_LIMIT / 16)
            value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static struct parts split_number(const char *text, const char *end)
{
    struct parts parts = {.negative = *text == '-'};
    parts.digits = text + parts.negative;
    const char *at = skip_digits(parts.digits, end);
    parts.integer_digits = at - parts.digits;
    if (at < end && *at == '.')
        at = skip_digits(at + 1, end);
    parts.digits_end = at;
    if (at < end)
        parts.integer_digits += read_exponent(at + 1, end);
    return parts;
}

static int push_digit(uint64_t *value, unsigned digit)
{
    return __builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, digit, value) ? -1 : 0;
}

int fxi_number_integer(const char *text, size_t size, bool *negative, uint64_t *magnitude)
{
    struct parts parts = split_number(text, text + size);
    uint64_t value = 0;
    int64_t index = 0;
    for (const char *at = parts.digits; at < parts.digits_end; at++) {
        if (*at == '.')
            continue;
        unsigned digit = (unsigned)(*at - '0');
        if (index++ < parts.integer_digits ? push_digit(&value, digit) != 0 : digit != 0)
            return -1;
    }
    for (; value && index < parts.integer_digits; index++)
        if (push_digit(&value, 0) != 0)
            return -1;
    *magnitude = value;
    *negative = parts.negative && value;
    return 0;
}

/*
 * Clinger's case: integers up to 2^53 and powers of ten up to 10^22 are exact doubles, so one multiplication or
 * division rounds only once. This does not hold where the processor keeps more bits than a double has.
 */
bool fxi_number_double_exact(const char *text, size_t size, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    struct parts parts = split_number(text, text + size);
    uint64_t mantissa = 0;
    int64_t digits = 0;
    for (const char *at = parts.digits; at < parts.digits_end; at++) {
        if (*at == '.')
            continue;
        mantissa = mantissa * 10 + (uint64_t)(*at - '0');
        if (++digits > DBL_DIG)
            return false;
    }
    int64_t exponent = parts.integer_digits - digits;
    if (FLT_EVAL_METHOD != 0 || exponent > 22 || exponent < -22)
        return false;
    double magnitude = (double)mantissa;
    magnitude = exponent < 0 ? magnitude / powers[-exponent] : magnitude * powers[exponent];
    *value = parts.negative ? -magnitude : magnitude;
    return true;
}

int fxi_number_double(const char *text, locale_t c_locale, double *value)
{
    *value = strtod_l(text, NULL, c_locale);
    return isfinite(*value) ? 0 : -1;
}
