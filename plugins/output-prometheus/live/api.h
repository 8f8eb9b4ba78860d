/*
 * The JSON API, version 1 (docs/api.md): what the live page shows, for other clients. For handlers of routes; the
 * HTTP thread. The limits of rates.h and the configuration bound the work for an answer and its size.
 */
#ifndef OUTPUT_PROMETHEUS_API_H
#define OUTPUT_PROMETHEUS_API_H

#include <json-c/json.h>
#include <microhttpd.h>
#include <stdbool.h>
#include <stdint.h>

#include "http/request.h"

#define PROM_API_VERSION 1

struct prom_rates;

enum MHD_Result prom_api_top(const struct prom_request *request, struct prom_rates *rates);
enum MHD_Result prom_api_status(const struct prom_request *request, struct prom_rates *rates);

/* A numeric parameter. A given value must be in its range. */
struct prom_api_number {
    const char *name;
    int64_t min, max, value; /* value: the default, then the requested value */
};
/*
 * Reads the query's parameters. Each must be one of the count numbers, and may be given once. False: an answer was
 * sent instead, with status 400 and a sentence, and *answer is its result.
 */
bool prom_api_query(const struct prom_request *request, struct prom_api_number *numbers, unsigned count,
                    enum MHD_Result *answer);
/* Sends the object and drops it. NULL: there was no memory for it. */
enum MHD_Result prom_api_send(const struct prom_request *request, unsigned status, struct json_object *object);
/* A number with at most three decimals, so that its text is short. */
struct json_object *prom_api_decimal(double number);

#endif
