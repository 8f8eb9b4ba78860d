/* Answers. The HTTP thread's; a page's memory is freed when libmicrohttpd is done with it. */
#include "reply.h"

#include <stdlib.h>
#include <string.h>

#include "gzip.h"
#include "page.h"

#define PAGE_BLOCK    (64 * 1024)
#define PAGE_TYPE     "text/plain; version=0.0.4; charset=utf-8"
#define CONTENT_RULES "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

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

struct sending {
    struct prom_page *page;
    struct prom_gzip *gzip; /* of the page, or NULL: plain */
    struct fx_instance *instance;
};

static ssize_t read_plain(void *arg, char *to, size_t size)
{
    return prom_page_read(arg, to, size);
}

static ssize_t read_page(void *arg, uint64_t position, char *to, size_t size)
{
    struct sending *sending = arg;
    (void)position;
    ssize_t used = sending->gzip ? prom_gzip_read(sending->gzip, to, size) : prom_page_read(sending->page, to, size);
    if (used > 0)
        fx_metric_add(sending->instance, PROM_PAGE_BYTES, 0, used);
    return used > 0 ? used : used < 0 ? MHD_CONTENT_READER_END_WITH_ERROR : MHD_CONTENT_READER_END_OF_STREAM;
}

static void free_page(void *arg)
{
    struct sending *sending = arg;
    prom_gzip_free(sending->gzip);
    prom_page_free(sending->page);
    free(sending);
}

/* NULL without memory. */
static struct MHD_Response *page_response(struct prom_output *output, bool is_gzip)
{
    struct sending *sending = calloc(1, sizeof *sending);
    if (!sending)
        return NULL;
    sending->instance = output->instance;
    sending->page = prom_page_new(output);
    if (sending->page && is_gzip)
        sending->gzip = prom_gzip_new(read_plain, sending->page);
    bool is_whole = sending->page && (sending->gzip || !is_gzip);
    struct MHD_Response *response =
        is_whole ? MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PAGE_BLOCK, read_page, sending, free_page)
                 : NULL;
    if (!response)
        free_page(sending);
    return response;
}

enum MHD_Result prom_reply_page(const struct prom_request *request)
{
    bool is_gzip = prom_gzip_wanted(
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT_ENCODING));
    struct MHD_Response *response = page_response(request->output, is_gzip);
    if (response)
        MHD_add_response_header(response, MHD_HTTP_HEADER_VARY, MHD_HTTP_HEADER_ACCEPT_ENCODING);
    if (response && is_gzip)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
    return prom_reply_send(request, MHD_HTTP_OK, response, PAGE_TYPE);
}
