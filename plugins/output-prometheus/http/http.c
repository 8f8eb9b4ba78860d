/*
 * Requests, from their head to the handler of their route (routes.c). libmicrohttpd's own thread enters answer(), which
 * never blocks: a page that needs a checkpoint suspends its connection (wait.c).
 */
#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "http/access.h"
#include "http/acceptor.h"
#include "http/connections.h"
#include "http/listen.h"
#include "prom.h"
#include "http/reply.h"
#include "routes.h"
#include "http/tls.h"
#include "http/wait.h"

#define MEMORY_BYTES (64 * 1024) /* a connection: the head of its request, and the piece of a page under way */

/* Those that were cut off and are not closed yet. */
#define CONNECTIONS_MORE 4096

struct prom_http {
    struct prom_output *output;
    struct MHD_Daemon *daemon;
    struct prom_wait wait;
    struct prom_listeners listeners;
    struct prom_connections connections;
    struct prom_acceptor acceptor;
    struct prom_access *access; /* NULL: no web configuration */
    bool is_tls;
    struct fx_series *open[PROM_LISTENERS_MAX], *accepted[PROM_LISTENERS_MAX];
};

/* How far a connection's request has come: where its mark points, if not to a check; libmicrohttpd keeps it. */
static const char marks[2];
#define SEEN   ((void *)(uintptr_t)&marks[0])
#define WAITED ((void *)(uintptr_t)&marks[1])

static struct prom_connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static struct prom_check *check_of(void *mark)
{
    return mark == SEEN || mark == WAITED ? NULL : mark;
}

/* Before the handshake. Without memory there is no certificate, and so it fails. */
static void begin_tls(struct prom_http *http, struct MHD_Connection *connection, struct prom_connection *own)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!own || !info || !info->tls_session)
        return;
    own->web = prom_webfile_get(http->access->webfile);
    prom_tls_begin(own->web->tls, info->tls_session);
}

/* What the session used is let go of after it: it is gone already. */
static void end_connection(struct prom_connection *own)
{
    struct prom_webconf *web = own->web;
    prom_connection_end(own);
    prom_webconf_unref(web);
}

static void note_connection(void *arg, struct MHD_Connection *connection, void **context,
                            enum MHD_ConnectionNotificationCode code)
{
    struct prom_http *http = arg;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *context = prom_connection_begin(
            &http->connections, MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd);
        if (http->is_tls)
            begin_tls(http, connection, *context);
    } else if (*context) {
        end_connection(*context);
    }
}

static void note_completed(void *arg, struct MHD_Connection *connection, void **mark,
                           enum MHD_RequestTerminationCode code)
{
    (void)arg, (void)code;
    prom_check_free(check_of(*mark));
    *mark = NULL;
    prom_connection_enter(connection_of(connection), PROM_PHASE_IDLE);
}

/* Waits for the cut that is asked for, or, when that is not the time for one, for the last one, if it is on its way. */
static bool wait_for_cut(struct prom_http *http, struct MHD_Connection *connection)
{
    uint64_t next = prom_wait_last_cut(&http->wait) + 1;
    bool is_next = fx_checkpoint_request(http->output->instance) == FX_OK;
    return prom_wait_add(&http->wait, connection, is_next ? next : prom_wait_last_cut(&http->wait),
                         http->output->patience_ms);
}

static enum MHD_Result refuse(const struct prom_request *request, unsigned status, const char *text)
{
    fx_metric_add(request->output->instance, PROM_REQUESTS, PROM_REQUEST_REFUSED, 1);
    return prom_reply_text(request, status, text, "text/plain; charset=utf-8");
}

static uint64_t exposed_number(struct prom_output *output)
{
    struct prom_snapshot *snapshot = prom_snapshot_get(&output->store);
    uint64_t number = snapshot->number;
    prom_snapshot_unref(snapshot);
    return number;
}

/* The answer; a page's only when its cut has come. */
static enum MHD_Result answer_route(struct prom_http *http, const struct prom_request *request, void **mark)
{
    const struct prom_route *route = prom_route_find(request->path);
    struct prom_connection *connection = connection_of(request->connection);
    bool waited = *mark == WAITED;
    *mark = WAITED;
    if (route->waits_for_cut && !request->is_head && !waited) {
        prom_connection_enter(connection, PROM_PHASE_WAIT);
        if (wait_for_cut(http, request->connection))
            return MHD_YES; /* it comes here again when it is resumed */
    }
    prom_connection_enter(connection, PROM_PHASE_ANSWER);
    if (route->holds_cut && !prom_connection_hold_cut(connection, exposed_number(http->output)))
        return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                      "Too many pages are being read at once. Try again in a moment.\n");
    fx_metric_add(http->output->instance, PROM_REQUESTS, route->answer, 1);
    return route->handler(request);
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result refuse_method(const struct prom_request *request)
{
    prom_connection_enter(connection_of(request->connection), PROM_PHASE_ANSWER);
    return refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
}

static enum MHD_Result refuse_password(const struct prom_request *request)
{
    prom_connection_enter(connection_of(request->connection), PROM_PHASE_ANSWER);
    return refuse(request, MHD_HTTP_UNAUTHORIZED, "Unauthorized\n");
}

/* By the head alone. Anything but YES is the end of it; *mark may be a check then. */
static enum prom_answer_of_access look_at_head(struct prom_http *http, const struct prom_request *request,
                                               bool is_allowed, void **mark, enum MHD_Result *result)
{
    struct prom_check *check = NULL;
    if (!prom_access_is_in_rate(http->access, request->web)) {
        prom_connection_enter(connection_of(request->connection), PROM_PHASE_ANSWER);
        *result = refuse(request, MHD_HTTP_TOO_MANY_REQUESTS, "Too many requests.\n");
        return PROM_ACCESS_NO;
    }
    if (is_allowed && prom_route_find(request->path)->is_open)
        return PROM_ACCESS_YES;
    enum prom_answer_of_access access = prom_access_look(http->access, request, &check);
    *result = MHD_YES;
    if (access == PROM_ACCESS_NO)
        *result = refuse_password(request);
    else if (access == PROM_ACCESS_LATER)
        *mark = check;
    return access;
}

/* The head only: a body, if any, comes with the next call. */
static enum MHD_Result begin_request(struct prom_http *http, const struct prom_request *request, bool is_allowed,
                                     void **mark)
{
    enum MHD_Result result;
    if (http->access && look_at_head(http, request, is_allowed, mark, &result) != PROM_ACCESS_YES)
        return result;
    if (!is_allowed) /* at once, so that nobody reads a body */
        return refuse_method(request);
    *mark = SEEN;
    return MHD_YES;
}

/* Twice: when all of the request is there, and when its password is checked. */
static enum MHD_Result go_on_with_check(struct prom_http *http, const struct prom_request *request, bool is_allowed,
                                        void **mark)
{
    struct prom_check *check = check_of(*mark);
    if (check->state == PROM_CHECK_NEW) {
        prom_connection_enter(connection_of(request->connection), PROM_PHASE_WAIT);
        if (prom_verify_add(&http->access->verify, check))
            return MHD_YES; /* it comes here again when it is resumed */
    }
    enum prom_check_state state = prom_verify_result(&http->access->verify, check);
    prom_check_free(check);
    *mark = SEEN;
    if (state == PROM_CHECK_RIGHT)
        return is_allowed ? answer_route(http, request, mark) : refuse_method(request);
    if (state == PROM_CHECK_WRONG)
        return refuse_password(request);
    prom_connection_enter(connection_of(request->connection), PROM_PHASE_ANSWER);
    return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                  "Too many passwords are being checked. Try again in a moment.\n");
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **mark)
{
    struct prom_http *http = arg;
    struct prom_webconf *web = http->access ? prom_webfile_get(http->access->webfile) : NULL;
    const struct prom_request request = {.output = http->output,
                                         .connection = connection,
                                         .web = web,
                                         .path = url,
                                         .is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0};
    bool is_allowed = is_read(method);
    enum MHD_Result result = MHD_YES;
    (void)version, (void)upload;
    if (!*mark)
        result = begin_request(http, &request, is_allowed, mark);
    else if (*upload_size)
        *upload_size = 0; /* nobody reads it */
    else if (check_of(*mark))
        result = go_on_with_check(http, &request, is_allowed, mark);
    else
        result = answer_route(http, &request, mark);
    prom_webconf_unref(web);
    return result;
}

/* Each session gets its certificate before its handshake (begin_tls): libmicrohttpd only has to believe in one. */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                          unsigned *chain_size, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    (void)chain, (void)chain_size, (void)key;
    return -1;
}

/* libmicrohttpd's own limit is out of reach: places are given by connections.c. */
static int start_daemon(struct prom_http *http, struct fx_error *err)
{
    const struct prom_options *options = http->output->options;
    const struct MHD_OptionItem certificate = {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate};
    const struct MHD_OptionItem end = {MHD_OPTION_END, 0, NULL};
    const struct MHD_OptionItem of_tls[] = {http->is_tls ? certificate : end, end};
    /* With epoll, libmicrohttpd 0.9.75 does not wait for the rest of a handshake: it asks for it all the time. */
    unsigned how_to_wait = http->is_tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD;
    http->daemon = MHD_start_daemon(
        how_to_wait | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, http,
        MHD_OPTION_ARRAY, of_tls, MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections + CONNECTIONS_MORE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, note_completed, http, MHD_OPTION_END);
    return http->daemon ? 0 : fx_error_set(err, FX_EIO, "the HTTP server does not start");
}

static void begin_series(struct prom_http *http)
{
    for (unsigned i = 0; i < http->listeners.count; i++) {
        const char *const name[] = {http->listeners.all[i].name};
        http->open[i] = fx_series_begin(http->output->instance, PROM_CONNECTIONS, name);
        http->accepted[i] = fx_series_begin(http->output->instance, PROM_CONNECTIONS_ACCEPTED, name);
    }
}

static void end_series(struct prom_http *http)
{
    for (unsigned i = 0; i < http->listeners.count; i++) {
        fx_series_end(http->open[i]);
        fx_series_end(http->accepted[i]);
    }
}

static int start_connections(struct prom_http *http, struct fx_error *err)
{
    const struct prom_options *options = http->output->options;
    const struct prom_limits limits = {.connections = (unsigned)options->max_connections,
                                       .pages = (unsigned)options->max_pages,
                                       .request_ms = options->request_timeout,
                                       .answer_ms = options->answer_timeout,
                                       .idle_ms = options->connection_timeout,
                                       .bytes_per_second = options->min_answer_rate};
    return prom_connections_start(&http->connections, http->output->instance, &limits, http->open, err);
}

static int start_access(struct prom_http *http, struct fx_error *err)
{
    if (!http->output->webfile)
        return 0;
    http->is_tls = http->output->webfile->current->tls; /* before there is a thread that may exchange it */
    http->access = calloc(1, sizeof *http->access);
    int rc = http->access ? prom_access_start(http->access, http->output->webfile, http->output->instance, err)
                          : fx_error_set(err, FX_ENOMEM, "out of memory");
    if (rc) {
        free(http->access);
        http->access = NULL;
    }
    return rc;
}

static void stop_access(struct prom_http *http)
{
    if (http->access)
        prom_access_stop(http->access);
}

static void end_access(struct prom_http *http)
{
    if (http->access)
        prom_access_fini(http->access);
    free(http->access);
    http->access = NULL;
}

/* In this order, and back in the opposite one: what is entered by others' threads is there before they are. */
static int start(struct prom_http *http, struct fx_error *err)
{
    int rc = prom_wait_start(&http->wait, err);
    if (rc)
        return rc;
    rc = start_connections(http, err);
    if (!rc) {
        rc = start_daemon(http, err);
        if (!rc) {
            http->acceptor = (struct prom_acceptor){.listeners = &http->listeners,
                                                    .connections = &http->connections,
                                                    .daemon = http->daemon,
                                                    .webfile = http->output->webfile,
                                                    .accepted = http->accepted};
            rc = prom_acceptor_start(&http->acceptor, err);
            if (!rc)
                return 0;
            MHD_stop_daemon(http->daemon);
        }
        prom_connections_stop(&http->connections);
        prom_connections_fini(&http->connections);
    }
    prom_wait_stop(&http->wait);
    prom_wait_fini(&http->wait);
    return rc;
}

struct prom_http *prom_http_start(struct prom_output *output, struct fx_error *err)
{
    struct prom_http *http = calloc(1, sizeof *http);
    if (!http || prom_listen(&http->listeners, output->options, output->instance, err)) {
        free(http);
        return NULL;
    }
    http->output = output;
    begin_series(http);
    if (!start_access(http, err) && !start(http, err)) {
        for (unsigned i = 0; i < http->listeners.count; i++)
            fx_log(output->instance, FX_LOG_INFO, "Serving the page.", "listen=%s path=/metrics",
                   http->listeners.all[i].name);
        return http;
    }
    stop_access(http);
    end_access(http);
    end_series(http);
    prom_listen_close(&http->listeners);
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
    prom_acceptor_stop(&http->acceptor);
    prom_listen_close(&http->listeners);
    prom_wait_stop(&http->wait);
    stop_access(http);
    prom_connections_stop(&http->connections);
    MHD_stop_daemon(http->daemon);
    prom_connections_fini(&http->connections);
    prom_wait_fini(&http->wait);
    end_access(http);
    end_series(http);
    free(http);
}
