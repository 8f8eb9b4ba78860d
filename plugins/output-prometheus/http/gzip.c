/* gzip while reading. Only the HTTP thread. */
#include "http/gzip.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define PIECE      (64 * 1024)
#define LEVEL      1
#define LEVEL_SIZE ISAL_DEF_LVL1_DEFAULT

struct prom_gzip {
    prom_gzip_source *source;
    void *arg;
    struct isal_zstream stream;
    uint8_t level_buffer[LEVEL_SIZE];
    char piece[PIECE];
};

struct prom_gzip *prom_gzip_new(prom_gzip_source *source, void *arg)
{
    struct prom_gzip *gzip = malloc(sizeof *gzip);
    if (!gzip)
        return NULL;
    gzip->source = source;
    gzip->arg = arg;
    isal_deflate_init(&gzip->stream);
    gzip->stream.avail_in = 0; /* igzip leaves avail_in as it is */
    gzip->stream.level = LEVEL;
    gzip->stream.level_buf = gzip->level_buffer;
    gzip->stream.level_buf_size = sizeof gzip->level_buffer;
    gzip->stream.gzip_flag = IGZIP_GZIP;
    return gzip;
}

void prom_gzip_free(struct prom_gzip *gzip)
{
    free(gzip);
}

/* Reads the next piece for the compressor. */
static int refill(struct prom_gzip *gzip)
{
    ssize_t size = gzip->source(gzip->arg, gzip->piece, sizeof gzip->piece);
    if (size < 0)
        return -1;
    gzip->stream.next_in = (uint8_t *)gzip->piece;
    gzip->stream.avail_in = (uint32_t)size;
    gzip->stream.end_of_stream = size == 0;
    return 0;
}

static bool is_done(const struct prom_gzip *gzip)
{
    return gzip->stream.internal_state.state == ZSTATE_END;
}

ssize_t prom_gzip_read(struct prom_gzip *gzip, char *to, size_t size)
{
    struct isal_zstream *stream = &gzip->stream;
    stream->next_out = (uint8_t *)to;
    stream->avail_out = (uint32_t)(size < UINT32_MAX ? size : UINT32_MAX);
    while (stream->avail_out && !is_done(gzip)) {
        if (!stream->avail_in && !stream->end_of_stream && refill(gzip))
            return -1;
        if (isal_deflate(stream) != COMP_OK)
            return -1;
    }
    return (ssize_t)((char *)stream->next_out - to);
}
