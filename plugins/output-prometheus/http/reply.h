/* What is sent: headers that all answers have, and the page, plain or compressed. The HTTP thread's. */
#ifndef OUTPUT_PROMETHEUS_REPLY_H
#define OUTPUT_PROMETHEUS_REPLY_H

#include "http/request.h"

/* Consumes the response, which may be NULL: without memory. A Content-Security-Policy that it has already stays. */
enum MHD_Result prom_reply_send(const struct prom_request *request, unsigned status, struct MHD_Response *response,
                                const char *type);
/* A text that stays where it is. */
enum MHD_Result prom_reply_text(const struct prom_request *request, unsigned status, const char *text,
                                const char *type);

/*
 * The page of the exposed cut, made while it is sent, in the format and compression that the request would rather have
 * (accept.h), of the metrics that it names (filter.h).
 */
enum MHD_Result prom_reply_page(const struct prom_request *request);

#endif
