/*
 * Requests. libmicrohttpd's own thread enters answer(), which never blocks: a
 * page that needs a checkpoint suspends its connection (wait.c).
 */
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "prom.h"
#include "reply.h"
#include "wait.h"

#define MEMORY_BYTES (64 * 1024) /* a connection: the head of its request, and the piece of a page under way */
#define TEXT_TYPE    "text/plain; charset=utf-8"
#define HTML_TYPE    "text/html; charset=utf-8"

struct prom_http {
    struct prom_output *output;
    struct MHD_Daemon *daemon;
    struct prom_wait wait;
};

/* How far a connection's request has come: where its mark points; libmicrohttpd keeps it. */
static const char marks[2];
#define SEEN   ((void *)(uintptr_t)&marks[0])
#define WAITED ((void *)(uintptr_t)&marks[1])

static const char landing[] =
    "<!DOCTYPE html>\n"
    "<html lang=\"en\"><head><meta charset=\"utf-8\"><title>flow-exporter</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\n"
    "</head><body><main><h1>flow-exporter</h1>\n"
    "<p>Network flows by autonomous system, for Prometheus.</p>\n"
    "<ul><li><a href=\"/metrics\">Metrics</a></li><li><a href=\"/-/healthy\">Health</a></li></ul>\n"
    "</main></body></html>\n";

static enum MHD_Result send_text(struct MHD_Connection *connection, unsigned status, const char *text, const char *type)
{
    return prom_reply_send(
        connection, status,
        MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT), type);
}

/* Waits for the cut that is asked for, or, when that is not the time for one, for the last one, if it is on its way. */
static bool wait_for_cut(struct prom_http *http, struct MHD_Connection *connection)
{
    uint64_t next = prom_wait_last_cut(&http->wait) + 1;
    bool is_next = fx_checkpoint_request(http->output->instance) == FX_OK;
    return prom_wait_add(&http->wait, connection, is_next ? next : prom_wait_last_cut(&http->wait),
                         http->output->patience_ms);
}

static enum MHD_Result answer_metrics(struct prom_http *http, struct MHD_Connection *connection, void **mark)
{
    bool waited = *mark == WAITED;
    *mark = WAITED;
    if (!waited && wait_for_cut(http, connection))
        return MHD_YES; /* it comes here again when it is resumed */
    fx_metric_add(http->output->instance, PROM_REQUESTS, PROM_REQUEST_PAGE, 1);
    return prom_reply_page(http->output, connection);
}

struct readiness {
    char text[4096];
    size_t size;
};

static void add_waiting(void *arg, const char *name, const char *reason)
{
    struct readiness *readiness = arg;
    size_t room = sizeof readiness->text - readiness->size;
    int size = snprintf(readiness->text + readiness->size, room, "%s: %s\n", name, reason);
    if (size > 0 && (size_t)size < room) /* what has no room is left away: one is enough to be not ready */
        readiness->size += (size_t)size;
}

static enum MHD_Result send_readiness(struct MHD_Connection *connection, struct fx_instance *instance)
{
    struct readiness readiness = {.size = 0};
    if (fx_ready_visit(instance, add_waiting, &readiness) == 0)
        return send_text(connection, MHD_HTTP_OK, "Ready.\n", TEXT_TYPE);
    return prom_reply_send(connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                           MHD_create_response_from_buffer(readiness.size, readiness.text, MHD_RESPMEM_MUST_COPY),
                           TEXT_TYPE);
}

static enum MHD_Result answer_rest(struct prom_http *http, struct MHD_Connection *connection, const char *url)
{
    struct fx_instance *instance = http->output->instance;
    if (strcmp(url, "/-/healthy") == 0) {
        fx_metric_add(instance, PROM_REQUESTS, PROM_REQUEST_HEALTH, 1);
        return send_text(connection, MHD_HTTP_OK, "OK\n", TEXT_TYPE);
    }
    if (strcmp(url, "/-/ready") == 0) {
        fx_metric_add(instance, PROM_REQUESTS, PROM_REQUEST_HEALTH, 1);
        return send_readiness(connection, instance);
    }
    if (strcmp(url, "/") == 0) {
        fx_metric_add(instance, PROM_REQUESTS, PROM_REQUEST_LANDING, 1);
        return send_text(connection, MHD_HTTP_OK, landing, HTML_TYPE);
    }
    fx_metric_add(instance, PROM_REQUESTS, PROM_REQUEST_REFUSED, 1);
    return send_text(connection, MHD_HTTP_NOT_FOUND, "Not found. The metrics are at /metrics.\n", TEXT_TYPE);
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **mark)
{
    struct prom_http *http = arg;
    (void)version, (void)upload;
    if (!is_read(method)) { /* at once, so that nobody reads a body */
        fx_metric_add(http->output->instance, PROM_REQUESTS, PROM_REQUEST_REFUSED, 1);
        return send_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n", TEXT_TYPE);
    }
    if (!*mark) { /* the head only: a body, if any, comes with the next call */
        *mark = SEEN;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0; /* nobody reads it */
        return MHD_YES;
    }
    if (strcmp(url, "/metrics") == 0)
        return answer_metrics(http, connection, mark);
    return answer_rest(http, connection, url);
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
