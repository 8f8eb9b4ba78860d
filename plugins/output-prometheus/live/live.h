/* The live page: its files, compiled in. Handlers of routes; the HTTP thread. */
#ifndef OUTPUT_PROMETHEUS_LIVE_H
#define OUTPUT_PROMETHEUS_LIVE_H

#include "http/request.h"

enum MHD_Result prom_live_page(const struct prom_request *request);
/* Answers requests for the page's files under /live/. */
enum MHD_Result prom_live_file(const struct prom_request *request);

#endif
