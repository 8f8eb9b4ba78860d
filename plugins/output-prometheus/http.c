/*
 * Requests, from their head to the handler of their route (routes.c). libmicrohttpd's own thread enters answer(), which
 * never blocks: a page that needs a checkpoint suspends its connection (wait.c).
 */
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prom.h"
#include "reply.h"
#include "routes.h"
#include "wait.h"

#define MEMORY_BYTES (64 * 1024) /* a connection: the head of its request, and the piece of a page under way */

struct prom_http {
    struct prom_output *output;
    struct MHD_Daemon *daemon;
    struct prom_wait wait;
};

/* How far a connection's request has come: where its mark points; libmicrohttpd keeps it. */
static const char marks[2];
#define SEEN   ((void *)(uintptr_t)&marks[0])
#define WAITED ((void *)(uintptr_t)&marks[1])

/* Waits for the cut that is asked for, or, when that is not the time for one, for the last one, if it is on its way. */
static bool wait_for_cut(struct prom_http *http, struct MHD_Connection *connection)
{
    uint64_t next = prom_wait_last_cut(&http->wait) + 1;
    bool is_next = fx_checkpoint_request(http->output->instance) == FX_OK;
    return prom_wait_add(&http->wait, connection, is_next ? next : prom_wait_last_cut(&http->wait),
                         http->output->patience_ms);
}

/* The answer; a page's only when its cut has come. */
static enum MHD_Result answer_route(struct prom_http *http, const struct prom_request *request, void **mark)
{
    const struct prom_route *route = prom_route_find(request->path);
    bool waited = *mark == WAITED;
    *mark = WAITED;
    if (route->waits_for_cut && !request->is_head && !waited && wait_for_cut(http, request->connection))
        return MHD_YES; /* it comes here again when it is resumed */
    fx_metric_add(http->output->instance, PROM_REQUESTS, route->answer, 1);
    return route->handler(request);
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **mark)
{
    struct prom_http *http = arg;
    const struct prom_request request = {.output = http->output,
                                         .connection = connection,
                                         .path = url,
                                         .is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0};
    (void)version, (void)upload;
    if (!is_read(method)) { /* at once, so that nobody reads a body */
        fx_metric_add(http->output->instance, PROM_REQUESTS, PROM_REQUEST_REFUSED, 1);
        return prom_reply_text(&request, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n",
                               "text/plain; charset=utf-8");
    }
    if (!*mark) { /* the head only: a body, if any, comes with the next call */
        *mark = SEEN;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0; /* nobody reads it */
        return MHD_YES;
    }
    return answer_route(http, &request, mark);
}

static int start_daemon(struct prom_http *http, int fd, struct fx_error *err)
{
    const struct prom_options *options = http->output->options;
    unsigned timeout_s = (unsigned)((options->connection_timeout + 999) / 1000);
    http->daemon = MHD_start_daemon(MHD_USE_AUTO | MHD_USE_INTERNAL_POLLING_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL,
                                    NULL, answer, http, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
                                    (unsigned)options->max_connections, MHD_OPTION_CONNECTION_TIMEOUT, timeout_s,
                                    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES, MHD_OPTION_END);
    return http->daemon ? 0 : fx_error_set(err, FX_EIO, "the HTTP server does not start on '%s'", options->listen);
}

static void log_address(const struct prom_output *output, int fd)
{
    char name[PROM_ADDRESS_MAX];
    prom_listen_name(fd, name);
    fx_log(output->instance, FX_LOG_INFO, "Serving the page.", "listen=%s path=/metrics", name);
}

struct prom_http *prom_http_start(struct prom_output *output, struct fx_error *err)
{
    int fd = prom_listen(output->options->listen, output->instance, err);
    if (fd < 0)
        return NULL;
    struct prom_http *http = calloc(1, sizeof *http);
    if (!http || prom_wait_start(&http->wait, err)) {
        close(fd);
        free(http);
        return NULL;
    }
    http->output = output;
    if (!start_daemon(http, fd, err)) {
        log_address(output, fd);
        return http;
    }
    prom_wait_stop(&http->wait);
    prom_wait_fini(&http->wait);
    close(fd);
    free(http);
    return NULL;
}

void prom_http_cut(struct prom_http *http)
{
    if (http)
        prom_wait_cut(&http->wait);
}

void prom_http_settled(struct prom_http *http)
{
    if (http)
        prom_wait_settle(&http->wait);
}

void prom_http_stop(struct prom_http *http)
{
    prom_wait_stop(&http->wait);
    MHD_stop_daemon(http->daemon);
    prom_wait_fini(&http->wait);
    free(http);
}
