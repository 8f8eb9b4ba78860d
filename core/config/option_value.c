/*
 * Values of options: the meaning of a text for each type, and numbers with units. Any thread. A text that stays is
 * copied into the member.
 */
#include "config/option_value.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/option_net.h"
#include "config/text.h"
#include "util/alloc.h"
#include "util/str.h"

struct unit {
    const char *name;
    int64_t factor;
};

static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"m", 60 * 1000}, {"h", 3600 * 1000}, {"d", 24 * 3600 * 1000}, {NULL, 0},
};

static const struct unit size_units[] = {
    {"", 1},
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
    {"kB", 1000},
    {"k", 1000},
    {"MB", 1000 * 1000},
    {"M", 1000 * 1000},
    {"GB", INT64_C(1000000000)},
    {"G", INT64_C(1000000000)},
    {"TB", INT64_C(1000000000000)},
    {"T", INT64_C(1000000000000)},
    {NULL, 0},
};

const char *fxi_value_kind(const struct fx_option *option)
{
    switch (option->type) {
    case FX_OPT_BOOL:
        return "true or false";
    case FX_OPT_INTEGER:
        return "a whole number";
    case FX_OPT_DOUBLE:
        return "a number";
    case FX_OPT_DURATION:
        return "a duration such as 250ms, 5s, 2m, 1h or 1d";
    case FX_OPT_SIZE:
        return "a size such as 4096, 64KiB or 10MB";
    case FX_OPT_LIST:
        return "a list of texts";
    case FX_OPT_MAP:
        return "a map of keys and texts";
    case FX_OPT_TABLES:
        return "a list of maps";
    case FX_OPT_ADDRESS:
        return "an address such as 192.0.2.1 or 2001:db8::1";
    case FX_OPT_PREFIX:
        return "a prefix such as 192.0.2.0/24 or 2001:db8::/32";
    case FX_OPT_HOST_PORT:
        return "a host and a port such as example.net:443 or [2001:db8::1]:443";
    case FX_OPT_TIMESTAMP:
        return "a time such as 2026-01-31T12:00:00Z, or a date";
    case FX_OPT_PATH:
        return "a path";
    case FX_OPT_CHOICES:
        return "a map of keys and choices";
    case FX_OPT_STRING:
    case FX_OPT_SECRET:
    case FX_OPT_ENUM:
    case FX_OPT_CHOICE:
        break;
    }
    return "a text";
}

/*
 * The largest unit that shows the number without a fraction. Of two sizes that both fit, the power of two is preferred.
 */
static const struct unit *unit_for(const struct unit *units, int64_t value)
{
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name; unit++)
        if (value != 0 && value % unit->factor == 0 && unit->factor > best->factor)
            best = unit;
    return best;
}

const char *fxi_value_format(const struct fx_option *option, int64_t value, char buffer[FXI_VALUE_MAX])
{
    const struct unit *unit = NULL;
    if (option->type == FX_OPT_DURATION)
        unit = unit_for(duration_units, value);
    else if (option->type == FX_OPT_SIZE)
        unit = unit_for(size_units, value);
    if (unit && value == 0)
        unit = NULL;
    snprintf(buffer, FXI_VALUE_MAX, "%" PRId64 "%s", unit ? value / unit->factor : value, unit ? unit->name : "");
    return buffer;
}

bool fxi_value_bounds(const struct fx_option *option, char buffer[FXI_BOUNDS_MAX])
{
    char min[FXI_VALUE_MAX], max[FXI_VALUE_MAX];
    fxi_value_format(option, option->min, min);
    fxi_value_format(option, option->max, max);
    buffer[0] = '\0';
    if (option->min == 0 && option->max == 0)
        return false;
    if (option->max == INT64_MAX)
        snprintf(buffer, FXI_BOUNDS_MAX, "at least %s", min);
    else if (option->min == INT64_MIN)
        snprintf(buffer, FXI_BOUNDS_MAX, "at most %s", max);
    else
        snprintf(buffer, FXI_BOUNDS_MAX, "%s to %s", min, max);
    return true;
}

bool fxi_value_in_bounds(const struct fx_option *option, int64_t value)
{
    return (option->min == 0 && option->max == 0) || (value >= option->min && value <= option->max);
}

static int fail_kind(const struct fx_option *option, const char *text, struct fx_error *err)
{
    char shown[FXI_SHOWN_MAX];
    return fx_error_set(err, FX_EINVAL, "'%s' must be %s, not '%s'", option->key, fxi_value_kind(option),
                        fxi_text_show(text, shown));
}

/* The number is beyond the bounds or, without bounds, beyond 64 bits. */
static int fail_bounds(const struct fx_option *option, const char *text, struct fx_error *err)
{
    char shown[FXI_SHOWN_MAX], bounds[FXI_BOUNDS_MAX];
    if (!fxi_value_bounds(option, bounds))
        return fx_error_set(err, FX_EINVAL, "'%s' is beyond what 64 bits can hold: '%s'", option->key,
                            fxi_text_show(text, shown));
    return fx_error_set(err, FX_EINVAL, "'%s' must be %s, not %s", option->key, bounds, fxi_text_show(text, shown));
}

static int bool_parse(const struct fx_option *option, const char *text, bool *value, struct fx_error *err)
{
    *value = strcmp(text, "true") == 0;
    return *value || strcmp(text, "false") == 0 ? 0 : fail_kind(option, text, err);
}

/* Reads digits up to *end. False: there are none, or the number is too large. *end then stands behind the digits. */
static bool digits_parse(const char *text, const char **end, int64_t *value)
{
    size_t count = strspn(text, "0123456789");
    *end = text + count;
    *value = 0;
    for (size_t i = 0; i < count; i++)
        if (__builtin_mul_overflow(*value, 10, value) || __builtin_add_overflow(*value, text[i] - '0', value))
            return false;
    return count > 0;
}

static int integer_parse(const struct fx_option *option, const char *text, int64_t *value, struct fx_error *err)
{
    const char *digits = text + (*text == '-' || *text == '+');
    size_t count = strspn(digits, "0123456789");
    if (count == 0 || digits[count] != '\0')
        return fail_kind(option, text, err);
    errno = 0;
    *value = strtoll(text, NULL, 10);
    return errno == 0 && fxi_value_in_bounds(option, *value) ? 0 : fail_bounds(option, text, err);
}

/* Whether the text is a decimal number. strtod would also take "0x1p3", "inf" and "nan". */
static bool is_decimal(const char *text)
{
    text += *text == '-' || *text == '+';
    size_t whole = strspn(text, "0123456789"), fraction = 0;
    text += whole;
    if (*text == '.') {
        fraction = strspn(text + 1, "0123456789");
        text += 1 + fraction;
    }
    if (whole + fraction == 0)
        return false;
    if (*text == 'e' || *text == 'E') {
        text += 1 + (text[1] == '-' || text[1] == '+');
        size_t exponent = strspn(text, "0123456789");
        if (exponent == 0)
            return false;
        text += exponent;
    }
    return *text == '\0';
}

static int double_parse(const struct fx_option *option, const char *text, double *value, struct fx_error *err)
{
    if (!is_decimal(text))
        return fail_kind(option, text, err);
    *value = strtod(text, NULL);
    bool bounded = option->min != 0 || option->max != 0;
    if (!isfinite(*value) || (bounded && (*value < (double)option->min || *value > (double)option->max)))
        return bounded ? fail_bounds(option, text, err) : fail_kind(option, text, err);
    return 0;
}

/* Reads a number with one of the units. */
static int unit_parse(const struct fx_option *option, const struct unit *units, const char *text, int64_t *value,
                      struct fx_error *err)
{
    const char *end;
    bool fits = digits_parse(text, &end, value);
    if (end == text)
        return fail_kind(option, text, err);
    const struct unit *unit = units;
    while (unit->name && strcmp(unit->name, end) != 0)
        unit++;
    if (!unit->name)
        return fail_kind(option, text, err);
    if (!fits || __builtin_mul_overflow(*value, unit->factor, value) || !fxi_value_in_bounds(option, *value))
        return fail_bounds(option, text, err);
    return 0;
}

static int duration_parse(const struct fx_option *option, const char *text, int64_t *value, struct fx_error *err)
{
    const char *end;
    bool fits = digits_parse(text, &end, value);
    if (end == text || *end != '\0')
        return unit_parse(option, duration_units, text, value, err);
    if (fits && *value == 0)
        return fxi_value_in_bounds(option, 0) ? 0 : fail_bounds(option, text, err);
    char shown[FXI_SHOWN_MAX];
    fxi_text_show(text, shown);
    return fx_error_set(err, FX_EINVAL, "'%s' needs a unit, such as %ss or %sms (ms, s, m, h, d)", option->key, shown,
                        shown);
}

static int enum_parse(const struct fx_option *option, const char *text, int *value, struct fx_error *err)
{
    struct fxi_str list = {0};
    struct fxi_guess guess = fxi_guess_begin(text);
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *value = i;
            fxi_str_fini(&list);
            return 0;
        }
        fxi_str_printf(&list, "%s%s", i == 0 ? "" : option->choices[i + 1] ? ", " : " or ", option->choices[i]);
        fxi_guess_offer(&guess, option->choices[i]);
    }
    char shown[FXI_SHOWN_MAX];
    fx_error_set(err, FX_EINVAL, "'%s' must be %s, not '%s'%s%s%s", option->key, list.data, fxi_text_show(text, shown),
                 guess.best ? "; did you mean '" : "", guess.best ? guess.best : "", guess.best ? "'?" : "");
    fxi_str_fini(&list);
    return FX_EINVAL;
}

static int prefix_parse(const struct fx_option *option, const char *text, struct fx_prefix *value, struct fx_error *err)
{
    char shown[FXI_SHOWN_MAX];
    const char *why = fxi_prefix_parse(text, value);
    return !why ? 0
                : fx_error_set(err, FX_EINVAL, "'%s' must be %s, not '%s'%s", option->key, fxi_value_kind(option),
                               fxi_text_show(text, shown), why);
}

static int text_take(const char *text, char **member)
{
    free(*member);
    *member = fxi_strdup(text);
    return 0;
}

int fxi_value_parse(const struct fx_option *option, const char *text, void *member, struct fx_error *err)
{
    switch (option->type) {
    case FX_OPT_BOOL:
        return bool_parse(option, text, member, err);
    case FX_OPT_INTEGER:
        return integer_parse(option, text, member, err);
    case FX_OPT_DOUBLE:
        return double_parse(option, text, member, err);
    case FX_OPT_DURATION:
        return duration_parse(option, text, member, err);
    case FX_OPT_SIZE:
        return unit_parse(option, size_units, text, member, err);
    case FX_OPT_ENUM:
        return enum_parse(option, text, member, err);
    case FX_OPT_STRING:
    case FX_OPT_SECRET:
    case FX_OPT_PATH:
        return text_take(text, member);
    case FX_OPT_ADDRESS:
        return fxi_address_parse(text, member) ? 0 : fail_kind(option, text, err);
    case FX_OPT_PREFIX:
        return prefix_parse(option, text, member, err);
    case FX_OPT_HOST_PORT:
        return fxi_host_port_parse(text, member) ? 0 : fail_kind(option, text, err);
    case FX_OPT_TIMESTAMP:
        return fxi_timestamp_parse(text, member) ? 0 : fail_kind(option, text, err);
    case FX_OPT_LIST:
    case FX_OPT_MAP:
    case FX_OPT_CHOICE:
    case FX_OPT_TABLES:
    case FX_OPT_CHOICES:
        break;
    }
    return fail_kind(option, text, err);
}
