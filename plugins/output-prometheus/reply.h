/* What is sent: headers that all answers have, and the page, plain or compressed. The HTTP thread's. */
#ifndef OUTPUT_PROMETHEUS_REPLY_H
#define OUTPUT_PROMETHEUS_REPLY_H

#include <microhttpd.h>

struct prom_output;

/* Consumes the response, which may be NULL: without memory. */
enum MHD_Result prom_reply_send(struct MHD_Connection *connection, unsigned status, struct MHD_Response *response,
                                const char *type);

/* The page of the exposed cut, made while it is sent; gzip if the request would rather have that. */
enum MHD_Result prom_reply_page(struct prom_output *output, struct MHD_Connection *connection);

#endif
