/* A point in time as people write it: the option start: {timestamp: ...}. Main thread. */
#include "timestamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Seconds since 1970, or milliseconds when the number is too large for seconds. "2026" would be a mistake. */
static bool parse_number(const char *text, int64_t *ms)
{
    size_t size = strspn(text, "0123456789");
    if (!size || text[size] || size > 15 || (size < 6 && strcmp(text, "0") != 0))
        return false;
    long long number = strtoll(text, NULL, 10);
    *ms = size > 11 ? number : number * 1000;
    return true;
}

static bool is_leap(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static bool is_sound(const struct tm *tm)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int month = tm->tm_mon;
    if (tm->tm_year < 70 || month < 0 || month > 11 || tm->tm_mday < 1)
        return false;
    int last = days[month] + (month == 1 && is_leap(tm->tm_year + 1900));
    return tm->tm_mday <= last && tm->tm_hour <= 23 && tm->tm_min <= 59 && tm->tm_sec <= 59;
}

/* Reads digits digits at *at, and skips the character after; 0: any character. */
static bool take(const char **at, int digits, char after, int *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++, ++*at) {
        if (!isdigit((unsigned char)**at))
            return false;
        *number = *number * 10 + (**at - '0');
    }
    if (after && **at != after)
        return false;
    *at += after != 0;
    return true;
}

static bool take_fraction(const char **at, int64_t *ms)
{
    int64_t unit = 100;
    if (**at != '.')
        return true;
    if (!isdigit((unsigned char)*++*at))
        return false;
    for (; isdigit((unsigned char)**at); ++*at, unit /= 10)
        *ms += (**at - '0') * unit;
    return true;
}

/* "", "Z", "+01:00", "-0130": how far the clock there is ahead. */
static bool take_zone(const char **at, int64_t *ahead_ms)
{
    int hours, minutes, sign = **at == '-' ? -1 : 1;
    *ahead_ms = 0;
    if (**at == 'Z' || **at == 'z')
        ++*at;
    if (!**at)
        return true;
    if (**at != '+' && **at != '-')
        return false;
    ++*at;
    if (!take(at, 2, 0, &hours))
        return false;
    *at += **at == ':';
    if (!take(at, 2, 0, &minutes) || hours > 23 || minutes > 59)
        return false;
    *ahead_ms = sign * (hours * 60 + minutes) * INT64_C(60000);
    return true;
}

int kafka_timestamp_parse(const char *text, int64_t *ms)
{
    struct tm tm = {0};
    int64_t fraction_ms = 0, ahead_ms = 0;
    const char *at = text;
    if (parse_number(text, ms))
        return 0;
    if (!take(&at, 4, '-', &tm.tm_year) || !take(&at, 2, '-', &tm.tm_mon) || !take(&at, 2, 0, &tm.tm_mday))
        return -1;
    if (*at) {
        if (*at != 'T' && *at != 't' && *at != ' ')
            return -1;
        at++;
        if (!take(&at, 2, ':', &tm.tm_hour) || !take(&at, 2, 0, &tm.tm_min))
            return -1;
        if (*at == ':' && (at++, !take(&at, 2, 0, &tm.tm_sec)))
            return -1;
        if (!take_fraction(&at, &fraction_ms) || !take_zone(&at, &ahead_ms))
            return -1;
    }
    tm.tm_year -= 1900;
    tm.tm_mon--;
    if (*at || !is_sound(&tm))
        return -1;
    *ms = (int64_t)timegm(&tm) * 1000 + fraction_ms - ahead_ms;
    return *ms >= 0 ? 0 : -1;
}
