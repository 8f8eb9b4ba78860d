/* gzip while reading, and who wants it. The HTTP thread's. */
#include "gzip.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

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
    gzip->stream.avail_in = 0; /* which it leaves as it is */
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

/* The next piece for the compressor. */
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

/* ---- Accept-Encoding */

#define FULL 1000 /* of a weight, in thousandths */

static const char *skip_space(const char *at)
{
    while (*at == ' ' || *at == '\t')
        at++;
    return at;
}

/* at: behind a coding's name. ";q=0.5" in thousandths; without one, and for what can't be read, the full weight. */
static int read_weight(const char *at)
{
    at = skip_space(at);
    if (*at != ';')
        return FULL;
    at = skip_space(at + 1);
    if ((*at != 'q' && *at != 'Q') || at[1] != '=')
        return FULL;
    at += 2;
    int weight = *at == '0' ? 0 : FULL;
    if (weight || at[1] != '.')
        return weight;
    at += 2;
    for (int unit = FULL / 10; unit && *at >= '0' && *at <= '9'; unit /= 10)
        weight += unit * (*at++ - '0');
    return weight;
}

static bool is_named(const char *at, size_t size, const char *name)
{
    return strlen(name) == size && strncasecmp(at, name, size) == 0;
}

bool prom_gzip_wanted(const char *accept_encoding)
{
    int gzip = -1, any = -1, plain = -1;
    for (const char *at = accept_encoding; at && *at; at += strcspn(at, ","), at += *at == ',') {
        at = skip_space(at);
        size_t size = strcspn(at, " \t;,");
        int weight = read_weight(at + size);
        if (is_named(at, size, "gzip") || is_named(at, size, "x-gzip"))
            gzip = weight;
        else if (is_named(at, size, "*"))
            any = weight;
        else if (is_named(at, size, "identity"))
            plain = weight;
    }
    int weight = gzip >= 0 ? gzip : any;
    return weight > 0 && weight >= plain;
}
