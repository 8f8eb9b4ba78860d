/* The table of paths, and the answers that are only a text. The HTTP thread. */
#include "routes.h"

#include <stdio.h>
#include <string.h>

#include "live/api.h"
#include "live/live.h"
#include "prom.h"
#include "http/host.h"
#include "http/reply.h"

#define TEXT_TYPE "text/plain; charset=utf-8"

static enum MHD_Result handle_metrics(const struct prom_request *request)
{
    return prom_reply_page(request);
}

static enum MHD_Result handle_healthy(const struct prom_request *request)
{
    return prom_reply_text(request, MHD_HTTP_OK, "OK\n", TEXT_TYPE);
}

#define READY "Ready.\n"

struct readiness {
    char text[4096];
    size_t size;
};

/* A part that waits, or a call that lasts too long. */
static void add_line(void *arg, const char *name, const char *reason)
{
    struct readiness *readiness = arg;
    size_t room = sizeof readiness->text - readiness->size;
    int size = snprintf(readiness->text + readiness->size, room, "%s: %s\n", name, reason);
    if (size > 0 && (size_t)size < room) /* a reason without room is left out: one is enough to be not ready */
        readiness->size += (size_t)size;
}

static enum MHD_Result handle_ready(const struct prom_request *request)
{
    struct readiness readiness = {.text = READY, .size = sizeof READY - 1};
    bool is_ready = fx_ready_visit(request->host->instance, add_line, &readiness) == 0;
    size_t from = is_ready ? 0 : sizeof READY - 1;
    return prom_reply_send(
        request, is_ready ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
        MHD_create_response_from_buffer(readiness.size - from, readiness.text + from, MHD_RESPMEM_MUST_COPY),
        TEXT_TYPE);
}

static struct prom_rates *rates_of(const struct prom_request *request)
{
    struct prom_output *output = request->host->owner;
    return &output->rates;
}

static enum MHD_Result handle_top(const struct prom_request *request)
{
    return prom_api_top(request, rates_of(request));
}

static enum MHD_Result handle_status(const struct prom_request *request)
{
    return prom_api_status(request, rates_of(request));
}

static enum MHD_Result handle_other(const struct prom_request *request)
{
    return prom_reply_text(request, MHD_HTTP_NOT_FOUND, "Not found. The metrics are at /metrics, the live page at /.\n",
                           TEXT_TYPE);
}

static const struct prom_route routes[] = {
    {.path = "/metrics",
     .answer = PROM_REQUEST_PAGE,
     .waits_for_cut = true,
     .takes_turn = true,
     .handler = handle_metrics},
    {.path = "/-/healthy", .answer = PROM_REQUEST_HEALTH, .is_open = true, .handler = handle_healthy},
    {.path = "/-/ready", .answer = PROM_REQUEST_HEALTH, .is_open = true, .handler = handle_ready},
    {.path = "/", .answer = PROM_REQUEST_LANDING, .handler = prom_live_page},
    {.path = "/live/", .is_prefix = true, .answer = PROM_REQUEST_LANDING, .handler = prom_live_file},
    {.path = "/api/v1/top",
     .answer = PROM_REQUEST_API,
     .waits_for_cut = true,
     .takes_turn = true,
     .handler = handle_top},
    {.path = "/api/v1/status", .answer = PROM_REQUEST_API, .handler = handle_status},
};

static const struct prom_route other = {.path = "", .answer = PROM_REQUEST_REFUSED, .handler = handle_other};

const struct prom_route *prom_route_find(const char *path)
{
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        const struct prom_route *route = &routes[i];
        if (route->is_prefix ? strncmp(path, route->path, strlen(route->path)) == 0 : strcmp(path, route->path) == 0)
            return route;
    }
    return &other;
}
