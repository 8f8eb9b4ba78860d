/* Answers. Only the HTTP thread. A page's memory is freed when libmicrohttpd no longer needs it. */
#include "http/reply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "metric/accept_header.h"
#include "base/clock.h"
#include "metric/filter.h"
#include "http/connections.h"
#include "http/gzip.h"
#include "http/host.h"
#include "page/page.h"
#include "self_metrics.h"
#include "web/webconf.h"
#include "http/zstd.h"

#define PAGE_BLOCK    (64 * 1024)
#define LIST_MAX      4096 /* of a header that is a list; the rest is ignored */
#define CONTENT_RULES "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/* Sets the headers of the web configuration. They replace our own headers of the same name. */
static void add_headers(struct MHD_Response *response, const struct prom_webconf *web)
{
    const struct prom_server_options *server = web ? prom_webconf_server(web) : NULL;
    for (size_t i = 0; server && i < server->headers.count; i++) {
        const struct fx_pair *pair = &server->headers.pairs[i];
        const char *own = MHD_get_response_header(response, pair->key);
        if (!pair->value[0]) /* an empty value counts as absent */
            continue;
        if (own)
            MHD_del_response_header(response, pair->key, own);
        MHD_add_response_header(response, pair->key, pair->value);
    }
}

enum MHD_Result prom_reply_send(const struct prom_request *request, unsigned status, struct MHD_Response *response,
                                const char *type)
{
    if (!response)
        return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (!MHD_get_response_header(response, "Content-Security-Policy"))
        MHD_add_response_header(response, "Content-Security-Policy", CONTENT_RULES);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    if (status == MHD_HTTP_UNAUTHORIZED)
        MHD_add_response_header(response, MHD_HTTP_HEADER_WWW_AUTHENTICATE, "Basic realm=\"flow-exporter\"");
    add_headers(response, request->web);
    enum MHD_Result result = MHD_queue_response(request->connection, status, response);
    MHD_destroy_response(response);
    return result;
}

enum MHD_Result prom_reply_text(const struct prom_request *request, unsigned status, const char *text, const char *type)
{
    return prom_reply_send(
        request, status, MHD_create_response_from_buffer(strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT),
        type);
}

/* ---- The page */

static const char *const types[] = {[PROM_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
                                    [PROM_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8"};
static const char *const codings[] = {[PROM_GZIP] = "gzip", [PROM_ZSTD] = "zstd"};

struct sending {
    struct prom_page *page;
    struct prom_filter *filter;
    enum prom_coding coding;
    struct prom_gzip *gzip; /* compresses the page, or NULL */
    struct prom_zstd *zstd;
    struct prom_connection *place;
    struct fx_instance *instance;
    int64_t start_ns;
};

static ssize_t read_plain(void *arg, char *to, size_t size)
{
    return prom_page_read(arg, to, size);
}

static ssize_t read_coded(struct sending *sending, char *to, size_t size)
{
    switch (sending->coding) {
    case PROM_GZIP:
        return prom_gzip_read(sending->gzip, to, size);
    case PROM_ZSTD:
        return prom_zstd_read(sending->zstd, to, size);
    case PROM_IDENTITY:
        break;
    }
    return prom_page_read(sending->page, to, size);
}

static ssize_t read_page(void *arg, uint64_t position, char *to, size_t size)
{
    struct sending *sending = arg;
    (void)position;
    prom_connection_progress(sending->place);
    ssize_t used = read_coded(sending, to, size);
    if (used < 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (used > 0) {
        fx_metric_add(sending->instance, PROM_PAGE_BYTES, 0, used);
        return used;
    }
    fx_metric_observe(sending->instance, PROM_SCRAPE_SECONDS, sending->coding,
                      (double)(prom_clock_ns() - sending->start_ns) / 1e9);
    return MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_page(void *arg)
{
    struct sending *sending = arg;
    prom_gzip_free(sending->gzip);
    prom_zstd_free(sending->zstd);
    prom_page_free(sending->page);
    prom_filter_free(sending->filter);
    free(sending);
}

/* Gives NULL without memory. */
static struct sending *begin_page(const struct prom_request *request, enum prom_format format, enum prom_coding coding,
                                  struct prom_filter *filter)
{
    struct sending *sending = calloc(1, sizeof *sending);
    if (!sending) {
        prom_filter_free(filter);
        return NULL;
    }
    sending->place = request->place;
    sending->instance = request->host->instance;
    sending->filter = filter;
    sending->coding = coding;
    sending->start_ns = prom_clock_ns();
    sending->page = request->host->open_page(request->host->owner, format, filter);
    if (sending->page)
        prom_connection_hold_cut(request->place, prom_page_cut(sending->page));
    if (sending->page && coding == PROM_GZIP)
        sending->gzip = prom_gzip_new(read_plain, sending->page);
    if (sending->page && coding == PROM_ZSTD)
        sending->zstd = prom_zstd_new(read_plain, sending->page);
    if (sending->page && (sending->gzip || sending->zstd || coding == PROM_IDENTITY))
        return sending;
    free_page(sending);
    return NULL;
}

/* Gives NULL without memory. */
static struct MHD_Response *page_response(struct sending *sending)
{
    if (!sending)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PAGE_BLOCK, read_page, sending, free_page);
    if (!response)
        free_page(sending);
    return response;
}

static ssize_t read_nothing(void *arg, uint64_t position, char *to, size_t size)
{
    (void)arg, (void)position, (void)to, (void)size;
    return MHD_CONTENT_READER_END_OF_STREAM;
}

/* ---- What the request says */

struct list {
    const char *name;
    char text[LIST_MAX];
    size_t size;
};

/* A header that is a list may come in several lines. Together they are one list. */
static enum MHD_Result add_line(void *arg, enum MHD_ValueKind kind, const char *name, const char *value)
{
    struct list *list = arg;
    (void)kind;
    size_t size = value ? strlen(value) : 0;
    if (strcasecmp(name, list->name) != 0 || list->size + size + 2 > sizeof list->text)
        return MHD_YES;
    if (list->size)
        list->text[list->size++] = ',';
    memcpy(list->text + list->size, value ? value : "", size);
    list->size += size;
    return MHD_YES;
}

static const char *get_list(const struct prom_request *request, struct list *list, const char *name)
{
    *list = (struct list){.name = name};
    MHD_get_connection_values(request->connection, MHD_HEADER_KIND, add_line, list);
    return list->text;
}

struct names {
    struct prom_filter *filter;
    bool failed;
};

static enum MHD_Result add_name(void *arg, enum MHD_ValueKind kind, const char *key, size_t key_size, const char *value,
                                size_t size)
{
    struct names *names = arg;
    (void)kind;
    if (key_size != strlen("name[]") || memcmp(key, "name[]", key_size) != 0 || names->failed)
        return MHD_YES;
    if (!names->filter)
        names->filter = calloc(1, sizeof *names->filter);
    names->failed = !names->filter || !prom_filter_add(names->filter, value ? value : "", value ? size : 0);
    return MHD_YES;
}

enum MHD_Result prom_reply_page(const struct prom_request *request)
{
    struct list list;
    struct names names = {0};
    enum prom_format format = prom_accept_format(get_list(request, &list, MHD_HTTP_HEADER_ACCEPT));
    enum prom_coding coding = prom_accept_coding(get_list(request, &list, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    MHD_get_connection_values_n(request->connection, MHD_GET_ARGUMENT_KIND, add_name, &names);
    if (names.failed) {
        prom_filter_free(names.filter);
        return prom_reply_text(request, MHD_HTTP_BAD_REQUEST, "Too many names: at most 256 name[] in a request.\n",
                               "text/plain; charset=utf-8");
    }
    struct MHD_Response *response;
    if (coding != PROM_IDENTITY && !request->is_head && !prom_connection_compress(request->place))
        coding = PROM_IDENTITY;
    if (request->is_head) {
        prom_filter_free(names.filter);
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PAGE_BLOCK, read_nothing, NULL, NULL);
    } else {
        response = page_response(begin_page(request, format, coding, names.filter));
    }
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, "Accept, Accept-Encoding");
    if (response && coding != PROM_IDENTITY)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, codings[coding]);
    return prom_reply_send(request, MHD_HTTP_OK, response, types[format]);
}
