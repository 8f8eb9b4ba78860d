/* What all answers of the API share. The HTTP thread. */
#include "live/api.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/reply.h"

#define JSON_TYPE "application/json"

enum MHD_Result prom_api_send(const struct prom_request *request, unsigned status, struct json_object *object)
{
    size_t size = 0;
    const char *text =
        object
            ? json_object_to_json_string_length(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size)
            : NULL;
    struct MHD_Response *response =
        text ? MHD_create_response_from_buffer(size, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY) : NULL;
    json_object_put(object);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    return prom_reply_send(request, status, response, JSON_TYPE);
}

struct json_object *prom_api_decimal(double number)
{
    double rounded = round(number * 1000) / 1000;
    if (!isfinite(rounded))
        return NULL;
    if (rounded == floor(rounded) && fabs(rounded) < 9e15)
        return json_object_new_int64((int64_t)rounded);
    char text[40];
    snprintf(text, sizeof text, "%.3f", rounded);
    return json_object_new_double_s(rounded, text);
}

/* What is wrong with the query, if anything. */
struct reading {
    struct prom_api_number *numbers;
    unsigned count;
    uint32_t seen; /* a bit for each number */
    char fault[300];
};

static bool fail_unknown(struct reading *reading, const char *key)
{
    size_t used = (size_t)snprintf(reading->fault, sizeof reading->fault, "there is no parameter '%.40s'%s", key,
                                   reading->count ? ": there are" : " here, nor any other");
    for (unsigned i = 0; i < reading->count && used < sizeof reading->fault; i++)
        used += (size_t)snprintf(reading->fault + used, sizeof reading->fault - used, "%s '%s'", i ? "," : "",
                                 reading->numbers[i].name);
    return false;
}

static bool read_number(struct reading *reading, struct prom_api_number *number, const char *text)
{
    char *end = NULL;
    long long value = text && *text >= '0' && *text <= '9' ? strtoll(text, &end, 10) : 0;
    if (end && !*end && value >= number->min && value <= number->max) {
        number->value = value;
        return true;
    }
    snprintf(reading->fault, sizeof reading->fault,
             "'%s' must be a whole number from %" PRId64 " to %" PRId64 ", not '%.40s'", number->name, number->min,
             number->max, text ? text : "");
    return false;
}

static enum MHD_Result read_parameter(void *arg, enum MHD_ValueKind kind, const char *key, const char *text)
{
    struct reading *reading = arg;
    unsigned i = 0;
    (void)kind;
    while (i < reading->count && strcmp(reading->numbers[i].name, key) != 0)
        i++;
    if (i == reading->count)
        return fail_unknown(reading, key) ? MHD_YES : MHD_NO;
    if (reading->seen >> i & 1) {
        snprintf(reading->fault, sizeof reading->fault, "'%s' is given more than once", key);
        return MHD_NO;
    }
    reading->seen |= UINT32_C(1) << i;
    return read_number(reading, &reading->numbers[i], text) ? MHD_YES : MHD_NO;
}

bool prom_api_query(const struct prom_request *request, struct prom_api_number *numbers, unsigned count,
                    enum MHD_Result *answer)
{
    struct reading reading = {.numbers = numbers, .count = count};
    MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, read_parameter, &reading);
    if (!reading.fault[0])
        return true;
    /* The request's text may be invalid UTF-8, but JSON must be valid. */
    for (char *at = reading.fault; *at; at++)
        if ((unsigned char)*at < 0x20 || (unsigned char)*at > 0x7e)
            *at = '?';
    struct json_object *object = json_object_new_object();
    json_object_object_add(object, "version", json_object_new_int(PROM_API_VERSION));
    json_object_object_add(object, "error", json_object_new_string(reading.fault));
    *answer = prom_api_send(request, MHD_HTTP_BAD_REQUEST, object);
    return false;
}
