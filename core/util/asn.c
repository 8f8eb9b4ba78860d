/* AS numbers as text. Any thread. */
#include <flow-exporter/asn.h>

#include <stdbool.h>
#include <string.h>
#include <strings.h>

/*
 * Reads the digits at *text, up to the limit, and moves *text behind them. A '_' may stand between two digits. False:
 * there is no digit, or the number is above the limit.
 */
static bool read_digits(const char **text, uint64_t limit, uint64_t *value)
{
    const char *at = *text;
    bool has_digit = false;
    for (*value = 0; (*at >= '0' && *at <= '9') || (*at == '_' && has_digit && at[1] >= '0' && at[1] <= '9'); at++) {
        if (*at == '_')
            continue;
        has_digit = true;
        *value = *value * 10 + (uint64_t)(*at - '0');
        if (*value > limit)
            return false;
    }
    *text = at;
    return has_digit;
}

int fx_asn_read(const char *text, uint32_t *number, struct fx_error *err)
{
    const char *at = strncasecmp(text, "AS", 2) == 0 ? text + 2 : text;
    uint64_t high, low = 0;
    bool good = read_digits(&at, UINT32_MAX, &high);
    if (good && *at == '.') {
        at++;
        good = high <= UINT16_MAX && read_digits(&at, UINT16_MAX, &low);
        high = high << 16 | low;
    }
    if (!good || *at)
        return fx_error_set(err, FX_EINVAL,
                            "'%.80s' is not an AS number; write 0 to 4294967295, as in 15169, AS15169 or 0.15169",
                            text);
    *number = (uint32_t)high;
    return 0;
}
