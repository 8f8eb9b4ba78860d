/* Answers: the headers that all of them have, and the page, plain or compressed. Only the HTTP thread. */
#ifndef OUTPUT_PROMETHEUS_REPLY_H
#define OUTPUT_PROMETHEUS_REPLY_H

#include "http/request.h"

/* Sends and drops the response. NULL: there was no memory for it. A Content-Security-Policy in it is kept. */
enum MHD_Result prom_reply_send(const struct prom_request *request, unsigned status, struct MHD_Response *response,
                                const char *type);
/* Sends a text that stays valid. */
enum MHD_Result prom_reply_text(const struct prom_request *request, unsigned status, const char *text,
                                const char *type);

/*
 * Sends the page of the exposed cut, which is made while it is sent. The request decides on the format and compression
 * (accept.h) and on the metrics (filter.h).
 */
enum MHD_Result prom_reply_page(const struct prom_request *request);

#endif
