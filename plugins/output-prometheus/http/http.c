/*
 * Takes requests from their head to the handler of their route (routes.c). libmicrohttpd's thread calls answer(), which
 * never blocks: if a page needs a checkpoint, its connection is suspended (wait.c).
 */
#include <gnutls/abstract.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>

#include "http/access.h"
#include "http/acceptor.h"
#include "http/connections.h"
#include "http/listen.h"
#include "http/http.h"
#include "options.h"
#include "self_metrics.h"
#include "http/reply.h"
#include "http/route.h"
#include "web/tls.h"
#include "http/wait.h"

/*
 * Memory for a connection's request head, or for the piece of a page that is being sent. Unused memory is never
 * touched. Besides 64 KiB of text there is room for 1,000 header lines and 1,000 parameters, each of which costs
 * libmicrohttpd about 72 bytes.
 */
#define MEMORY_BYTES   (256 * 1024)
#define PARAMETERS_MAX 1000

/* Room for connections that are cut off but not yet closed. */
#define CONNECTIONS_MORE 4096

struct prom_http {
    const struct prom_http_host *host;
    struct MHD_Daemon *daemon;
    struct prom_wait wait;
    struct prom_listeners listeners;
    struct prom_connections connections;
    struct prom_acceptor acceptor;
    struct prom_access *access; /* NULL: no web configuration */
    bool is_tls;
    struct fx_series *open[PROM_LISTENERS_MAX], *accepted[PROM_LISTENERS_MAX];
};

/* A request's mark tells how far it has come, or points to its password check. libmicrohttpd keeps the mark. */
static const char marks[3];
#define SEEN    ((void *)(uintptr_t)&marks[0])
#define WAITED  ((void *)(uintptr_t)&marks[1])
#define CROWDED ((void *)(uintptr_t)&marks[2]) /* too many parameters */

static struct prom_connection *connection_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info ? info->socket_context : NULL;
}

static struct prom_check *check_of(void *mark)
{
    return mark == SEEN || mark == WAITED || mark == CROWDED ? NULL : mark;
}

/* Called before the handshake. Without memory there is no certificate, so the handshake fails. */
static void begin_tls(struct prom_http *http, struct MHD_Connection *connection, struct prom_connection *own)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!own || !info || !info->tls_session)
        return;
    own->web = prom_webfile_get(http->access->webfile);
    prom_tls_begin(own->web->tls, info->tls_session);
}

/* The session is gone, so its configuration can be released. */
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

/*
 * Waits for the cut that is now requested. If none may be taken now, waits for the last one if it is not settled yet.
 */
static bool wait_for_cut(struct prom_http *http, struct MHD_Connection *connection)
{
    uint64_t next = prom_wait_last_cut(&http->wait) + 1;
    bool is_next = fx_checkpoint_request(http->host->instance) == FX_OK;
    return prom_wait_add(&http->wait, connection, is_next ? next : prom_wait_last_cut(&http->wait),
                         http->host->patience_ms);
}

static enum MHD_Result refuse(const struct prom_request *request, unsigned status, const char *text)
{
    prom_connection_enter(request->place, PROM_PHASE_ANSWER);
    fx_metric_add(request->host->instance, PROM_REQUESTS, PROM_REQUEST_REFUSED, 1);
    return prom_reply_text(request, status, text, "text/plain; charset=utf-8");
}

/* Answers the request. If the route waits for a cut, this happens only after the cut. */
static enum MHD_Result answer_route(struct prom_http *http, const struct prom_request *request, void **mark)
{
    const struct prom_route *route = http->host->find_route(request->path);
    bool waited = *mark == WAITED;
    *mark = WAITED;
    if (route->waits_for_cut && !request->is_head && !waited) {
        prom_connection_enter(request->place, PROM_PHASE_WAIT);
        if (wait_for_cut(http, request->connection))
            return MHD_YES; /* answer() is called again when the connection is resumed */
    }
    if (route->takes_turn && !request->is_head && !prom_turn_take(request->place, request->connection))
        return MHD_YES; /* answer() is called again then as well */
    prom_connection_enter(request->place, PROM_PHASE_ANSWER);
    fx_metric_add(http->host->instance, PROM_REQUESTS, route->answer, 1);
    return route->handler(request);
}

static bool is_read(const char *method)
{
    return strcmp(method, MHD_HTTP_METHOD_GET) == 0 || strcmp(method, MHD_HTTP_METHOD_HEAD) == 0;
}

static enum MHD_Result refuse_method(const struct prom_request *request)
{
    return refuse(request, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD.\n");
}

static enum MHD_Result refuse_password(const struct prom_request *request)
{
    return refuse(request, MHD_HTTP_UNAUTHORIZED, "Unauthorized\n");
}

/* Decides by the head alone. YES: continue. Otherwise *result is the answer, or *mark is a check. */
static enum prom_answer_of_access judge_head(struct prom_http *http, const struct prom_request *request,
                                             bool is_allowed, void **mark, enum MHD_Result *result)
{
    struct prom_check *check = NULL;
    if (!prom_access_is_in_rate(http->access, request->web)) {
        *result = refuse(request, MHD_HTTP_TOO_MANY_REQUESTS, "Too many requests.\n");
        return PROM_ACCESS_NO;
    }
    if (is_allowed && http->host->find_route(request->path)->is_open)
        return PROM_ACCESS_YES;
    enum prom_answer_of_access access = prom_access_judge(http->access, request, &check);
    *result = MHD_YES;
    if (access == PROM_ACCESS_NO)
        *result = refuse_password(request);
    else if (access == PROM_ACCESS_LATER)
        *mark = check;
    return access;
}

/* Handles the head. A body comes with the next call. */
static enum MHD_Result begin_request(struct prom_http *http, const struct prom_request *request, bool is_allowed,
                                     void **mark)
{
    enum MHD_Result result;
    if (http->access && judge_head(http, request, is_allowed, mark, &result) != PROM_ACCESS_YES)
        return result;
    if (!is_allowed) /* at once, so that no body is read */
        return refuse_method(request);
    *mark = SEEN;
    return MHD_YES;
}

/* Called twice: when the whole request has arrived, and when its password is checked. */
static enum MHD_Result go_on_with_check(struct prom_http *http, const struct prom_request *request, bool is_allowed,
                                        void **mark)
{
    struct prom_check *check = check_of(*mark);
    if (check->state == PROM_CHECK_NEW) {
        prom_connection_enter(request->place, PROM_PHASE_WAIT);
        if (prom_verify_add(&http->access->verify, check))
            return MHD_YES; /* answer() is called again when the connection is resumed */
    }
    enum prom_check_state state = prom_verify_result(&http->access->verify, check);
    prom_check_free(check);
    *mark = SEEN;
    if (state == PROM_CHECK_RIGHT)
        return is_allowed ? answer_route(http, request, mark) : refuse_method(request);
    if (state == PROM_CHECK_WRONG)
        return refuse_password(request);
    return refuse(request, MHD_HTTP_SERVICE_UNAVAILABLE,
                  "Too many passwords are being checked. Try again in a moment.\n");
}

/*
 * Called before libmicrohttpd parses the query. Without memory for all parameters libmicrohttpd would close the
 * connection without an answer. The result becomes the request's first mark. The target is in the connection's own
 * memory.
 */
static void *bound_query(void *arg, const char *target, struct MHD_Connection *connection)
{
    char *query = strchr(target, '?');
    unsigned count = 0;
    (void)arg, (void)connection;
    for (const char *at = query; at && count <= PARAMETERS_MAX; at = strchr(at + 1, '&'))
        count++;
    if (count <= PARAMETERS_MAX)
        return NULL;
    query[1] = '\0';
    return CROWDED;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *upload, size_t *upload_size, void **mark)
{
    struct prom_http *http = arg;
    struct prom_webconf *web = http->access ? prom_webfile_get(http->access->webfile) : NULL;
    const struct prom_request request = {.host = http->host,
                                         .place = connection_of(connection),
                                         .connection = connection,
                                         .web = web,
                                         .path = url,
                                         .is_head = strcmp(method, MHD_HTTP_METHOD_HEAD) == 0};
    bool is_allowed = is_read(method);
    enum MHD_Result result = MHD_YES;
    (void)version, (void)upload;
    if (!prom_connection_is_served(request.place))
        result = MHD_NO;
    else if (*mark == CROWDED)
        result = refuse(&request, MHD_HTTP_URI_TOO_LONG, "Too many parameters: at most 1000.\n");
    else if (!*mark)
        result = begin_request(http, &request, is_allowed, mark);
    else if (*upload_size)
        *upload_size = 0; /* the body is not read */
    else if (check_of(*mark))
        result = go_on_with_check(http, &request, is_allowed, mark);
    else
        result = answer_route(http, &request, mark);
    prom_webconf_unref(web);
    return result;
}

/*
 * Each session gets its certificate before the handshake (begin_tls). libmicrohttpd only needs to see that one is set.
 */
static int no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                          const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **chain,
                          unsigned *chain_size, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    (void)chain, (void)chain_size, (void)key;
    return -1;
}

/* libmicrohttpd's own limit is set too high to be reached. connections.c gives the places. */
static int start_daemon(struct prom_http *http, struct fx_error *err)
{
    const struct prom_options *options = http->host->options;
    const struct MHD_OptionItem certificate = {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)(uintptr_t)no_certificate};
    const struct MHD_OptionItem end = {MHD_OPTION_END, 0, NULL};
    const struct MHD_OptionItem of_tls[] = {http->is_tls ? certificate : end, end};
    /* With epoll, libmicrohttpd 0.9.75 polls all the time while it waits for the rest of a handshake. */
    unsigned how_to_wait = http->is_tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD;
    http->daemon = MHD_start_daemon(
        how_to_wait | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer, http,
        MHD_OPTION_ARRAY, of_tls, MHD_OPTION_CONNECTION_LIMIT, (unsigned)options->max_connections + CONNECTIONS_MORE,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES, MHD_OPTION_NOTIFY_CONNECTION, note_connection, http,
        MHD_OPTION_NOTIFY_COMPLETED, note_completed, http, MHD_OPTION_URI_LOG_CALLBACK, bound_query, NULL,
        MHD_OPTION_END);
    return http->daemon ? 0 : fx_error_set(err, FX_EIO, "the HTTP server does not start");
}

static void begin_series(struct prom_http *http)
{
    for (unsigned i = 0; i < http->listeners.count; i++) {
        const char *const name[] = {http->listeners.all[i].name};
        http->open[i] = fx_series_begin(http->host->instance, PROM_CONNECTIONS, name);
        http->accepted[i] = fx_series_begin(http->host->instance, PROM_CONNECTIONS_ACCEPTED, name);
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
    const struct prom_options *options = http->host->options;
    const struct prom_limits limits = {.connections = (unsigned)options->max_connections,
                                       .compressed = (unsigned)options->max_compressed,
                                       .request_ms = options->request_timeout,
                                       .answer_ms = options->answer_timeout,
                                       .idle_ms = options->connection_timeout,
                                       .bytes_per_second = options->min_answer_rate};
    return prom_connections_start(&http->connections, http->host->instance, &limits, http->open, err);
}

static int start_access(struct prom_http *http, struct fx_error *err)
{
    if (!http->host->webfile)
        return 0;
    http->is_tls = http->host->webfile->current->tls; /* before any thread runs that may replace the configuration */
    http->access = calloc(1, sizeof *http->access);
    int rc = http->access ? prom_access_start(http->access, http->host->webfile, http->host->instance, err)
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

/* Starts in this order and stops in reverse, so that everything that a thread enters exists before the thread runs. */
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
                                                    .webfile = http->host->webfile,
                                                    .is_tls = http->is_tls,
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

struct prom_http *prom_http_start(const struct prom_http_host *host, struct fx_error *err)
{
    struct prom_http *http = calloc(1, sizeof *http);
    if (!http || prom_listen(&http->listeners, host->options, host->instance, err)) {
        free(http);
        return NULL;
    }
    http->host = host;
    begin_series(http);
    if (!start_access(http, err) && !start(http, err)) {
        for (unsigned i = 0; i < http->listeners.count; i++)
            fx_log(host->instance, FX_LOG_INFO, "Serving the page.", "listen=%s path=/metrics",
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
