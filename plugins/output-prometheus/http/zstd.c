/* zstd while reading. Only the HTTP thread. */
#include "http/zstd.h"

#include <stdlib.h>
#include <zstd.h>

#define PIECE ((size_t)64 * 1024)
/* As measured in docs/performance.md. The window bounds the memory, both here and in the client. */
#define LEVEL       1
#define WINDOW_BITS 18

struct prom_zstd {
    prom_gzip_source *source;
    void *arg;
    ZSTD_CCtx *context;
    ZSTD_inBuffer input;
    bool is_last, is_done; /* the source has ended; everything was written */
    char piece[PIECE];
};

struct prom_zstd *prom_zstd_new(prom_gzip_source *source, void *arg)
{
    struct prom_zstd *zstd = malloc(sizeof *zstd);
    if (!zstd)
        return NULL;
    zstd->source = source;
    zstd->arg = arg;
    zstd->context = ZSTD_createCCtx();
    zstd->input = (ZSTD_inBuffer){.src = zstd->piece};
    zstd->is_last = zstd->is_done = false;
    if (zstd->context && !ZSTD_isError(ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_compressionLevel, LEVEL)) &&
        !ZSTD_isError(ZSTD_CCtx_setParameter(zstd->context, ZSTD_c_windowLog, WINDOW_BITS)))
        return zstd;
    prom_zstd_free(zstd);
    return NULL;
}

void prom_zstd_free(struct prom_zstd *zstd)
{
    if (!zstd)
        return;
    ZSTD_freeCCtx(zstd->context);
    free(zstd);
}

static int refill(struct prom_zstd *zstd)
{
    ssize_t size = zstd->source(zstd->arg, zstd->piece, sizeof zstd->piece);
    if (size < 0)
        return -1;
    zstd->input.size = (size_t)size;
    zstd->input.pos = 0;
    zstd->is_last = size == 0;
    return 0;
}

ssize_t prom_zstd_read(struct prom_zstd *zstd, char *to, size_t size)
{
    ZSTD_outBuffer output = {.dst = to, .size = size};
    while (output.pos < output.size && !zstd->is_done) {
        if (zstd->input.pos == zstd->input.size && !zstd->is_last && refill(zstd))
            return -1;
        ZSTD_EndDirective directive = zstd->is_last ? ZSTD_e_end : ZSTD_e_continue;
        size_t left = ZSTD_compressStream2(zstd->context, &output, &zstd->input, directive);
        if (ZSTD_isError(left))
            return -1;
        zstd->is_done = zstd->is_last && left == 0;
    }
    return (ssize_t)output.pos;
}
