/*
 * The live page's files. The build turns them into arrays (Makefile.inc, assets.h). A browser asks each time whether
 * they have changed. So after an upgrade the page, style and script match each other. The HTTP thread.
 */
#include "live/live.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/reply.h"
#include "live/assets.h"

static const struct {
    const char *ending, *type;
} types[] = {{".html", "text/html; charset=utf-8"},
             {".css", "text/css; charset=utf-8"},
             {".js", "text/javascript; charset=utf-8"},
             {".svg", "image/svg+xml"}};

static const char *type_of(const char *name)
{
    const char *ending = strrchr(name, '.');
    for (size_t i = 0; ending && i < sizeof types / sizeof *types; i++)
        if (strcmp(ending, types[i].ending) == 0)
            return types[i].type;
    return "application/octet-stream";
}

/* Only files from this server, no inline scripts or styles, and no frame of another site around the page. */
static const char rules[] = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
                            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

#define TAG_MAX 24
static void make_tag(const struct prom_web_file *file, char tag[TAG_MAX])
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < file->size; i++)
        hash = (hash ^ file->data[i]) * UINT64_C(0x100000001b3);
    snprintf(tag, TAG_MAX, "\"%016" PRIx64 "\"", hash);
}

static enum MHD_Result send_file(const struct prom_request *request, const struct prom_web_file *file)
{
    char tag[TAG_MAX];
    make_tag(file, tag);
    const char *known =
        MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_IF_NONE_MATCH);
    bool is_known = known && strstr(known, tag);
    struct MHD_Response *response = MHD_create_response_from_buffer(
        is_known ? 0 : file->size, (void *)(uintptr_t)file->data, MHD_RESPMEM_PERSISTENT);
    if (response) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG, tag);
        MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
        MHD_add_response_header(response, "Content-Security-Policy", rules);
        MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    }
    return prom_reply_send(request, is_known ? MHD_HTTP_NOT_MODIFIED : MHD_HTTP_OK, response, type_of(file->name));
}

static enum MHD_Result send_named(const struct prom_request *request, const char *name)
{
    for (const struct prom_web_file *file = prom_web_files; file->name; file++)
        if (strcmp(name, file->name) == 0)
            return send_file(request, file);
    return prom_reply_text(request, MHD_HTTP_NOT_FOUND, "Not found. The live page is at /.\n",
                           "text/plain; charset=utf-8");
}

enum MHD_Result prom_live_page(const struct prom_request *request)
{
    return send_named(request, "live.html");
}

enum MHD_Result prom_live_file(const struct prom_request *request)
{
    return send_named(request, request->path + strlen("/live/"));
}
