/*
 * The JSON API, version 1 (docs/api.md): what the live page shows, for everybody. For handlers of routes; the HTTP thread.
 * Work and size of an answer are bounded by those of rates.h and by the configuration.
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

/* A parameter that is a number; what is given must be in its range. */
struct prom_api_number {
    const char *name;
    int64_t min, max, value; /* value: the default, then what was asked for */
};
/*
 * Reads the query's parameters, each of which must be one of the count ones, at most once. false: *answer is what was
 * sent instead, status 400 with a sentence.
 */
bool prom_api_query(const struct prom_request *request, struct prom_api_number *numbers, unsigned count,
                    enum MHD_Result *answer);
/* Sends the object and drops it; NULL: there was no memory for it. */
enum MHD_Result prom_api_send(const struct prom_request *request, unsigned status, struct json_object *object);
/* A number of at most three decimals, short as text. */
struct json_object *prom_api_decimal(double number);

#endif
