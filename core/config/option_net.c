/* Options that are addresses, prefixes, hosts with ports, or times: from text. Any thread. */
#include "config/option_net.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

#define TEXT_MAX 300

bool fxi_address_parse(const char *text, struct fx_address *address)
{
    *address = (struct fx_address){0};
    if (inet_pton(AF_INET, text, address->bytes) == 1)
        address->family = 4;
    else if (inet_pton(AF_INET6, text, address->bytes) == 1)
        address->family = 6;
    return address->family != 0;
}

/* 1 to 3 digits, up to most. */
static bool small_parse(const char *text, unsigned most, unsigned *number)
{
    size_t size = strspn(text, "0123456789");
    *number = size && size <= 5 ? (unsigned)strtoul(text, NULL, 10) : 0;
    return size && size <= 5 && !text[size] && *number <= most;
}

static bool has_host_bits(const struct fx_prefix *prefix)
{
    unsigned bits = prefix->address.family == 4 ? 32 : 128;
    for (unsigned bit = prefix->length; bit < bits; bit++)
        if (prefix->address.bytes[bit / 8] >> (7 - bit % 8) & 1)
            return true;
    return false;
}

const char *fxi_prefix_parse(const char *text, struct fx_prefix *prefix)
{
    char address[INET6_ADDRSTRLEN] = "";
    size_t size = strcspn(text, "/");
    unsigned length;
    *prefix = (struct fx_prefix){0};
    if (size < sizeof address)
        memcpy(address, text, size), address[size] = '\0';
    if (!fxi_address_parse(address, &prefix->address))
        return "";
    unsigned most = prefix->address.family == 4 ? 32 : 128;
    if (text[size] && !small_parse(text + size + 1, most, &length))
        return "";
    prefix->length = (uint8_t)(text[size] ? length : most);
    return has_host_bits(prefix) ? " (it has bits behind its length)" : NULL;
}

/* "[2001:db8::1]:443", or a name or IPv4 address without colons. */
bool fxi_host_port_parse(const char *text, struct fx_host_port *value)
{
    struct fx_address address;
    const char *end = *text == '[' ? strchr(text, ']') : strchr(text, ':');
    const char *host = text + (*text == '[');
    const char *colon = end && *end == ']' ? end + 1 : end;
    unsigned port;
    if (!end || end == host || *colon != ':' || end - host >= TEXT_MAX || !small_parse(colon + 1, 65535, &port) ||
        !port)
        return false;
    char *name = fxi_strndup(host, (size_t)(end - host));
    if ((*text == '[' && (!fxi_address_parse(name, &address) || address.family != 6)) || strpbrk(name, " \t/@")) {
        free(name);
        return false;
    }
    free((char *)value->host);
    *value = (struct fx_host_port){.host = name, .port = (uint16_t)port};
    return true;
}

/* Days since 1970-01-01 of a date in the calendar of today. */
static int64_t days_of(int year, int month, int day)
{
    year -= month <= 2;
    int era = year / 400, year_of_era = year - era * 400;
    int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return (int64_t)era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static bool is_date(int year, int month, int day)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= days[month - 1] + (leap && month == 2);
}

/* Two digits, or -1. */
static int two(const char *text)
{
    bool digits = text[0] >= '0' && text[0] <= '9' && text[1] >= '0' && text[1] <= '9';
    return digits ? (text[0] - '0') * 10 + text[1] - '0' : -1;
}

/* "Z" or "+01:30"; minutes to subtract. */
static bool zone_parse(const char *text, int *minutes)
{
    *minutes = 0;
    if (strcmp(text, "Z") == 0)
        return true;
    if (strlen(text) != 6 || (*text != '+' && *text != '-') || text[3] != ':' || two(text + 1) < 0 ||
        two(text + 1) > 23 || two(text + 4) < 0 || two(text + 4) > 59)
        return false;
    *minutes = (two(text + 1) * 60 + two(text + 4)) * (*text == '-' ? -1 : 1);
    return true;
}

/* Behind the seconds: up to three digits of a fraction. */
static const char *fraction_parse(const char *text, int *ms)
{
    int unit = 100;
    *ms = 0;
    if (*text != '.')
        return text;
    for (text++; *text >= '0' && *text <= '9' && unit; text++, unit /= 10)
        *ms += (*text - '0') * unit;
    return text;
}

bool fxi_timestamp_parse(const char *text, int64_t *value)
{
    size_t size = strlen(text);
    if (size < 10 || two(text) < 0 || two(text + 2) < 0 || text[4] != '-' || text[7] != '-')
        return false;
    int year = two(text) * 100 + two(text + 2), month = two(text + 5), day = two(text + 8);
    int hour = 0, minute = 0, second = 0, ms = 0, offset = 0;
    if (!is_date(year, month, day))
        return false;
    if (size > 10) {
        if (size < 20 || text[10] != 'T' || text[13] != ':' || text[16] != ':')
            return false;
        hour = two(text + 11), minute = two(text + 14), second = two(text + 17);
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 ||
            !zone_parse(fraction_parse(text + 19, &ms), &offset))
            return false;
    }
    *value = ((days_of(year, month, day) * 24 + hour) * 60 + minute - offset) * 60000 + second * 1000 + ms;
    return true;
}
