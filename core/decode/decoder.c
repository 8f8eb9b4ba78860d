/*
 * Creates and frees decoders, and walks through a payload: finds each record's beginning, checks what follows it, and
 * continues after a malformed record. The grammar of a record is in parse.h. Only the worker's thread.
 */
#include "decode/decoder.h"

#include <stdlib.h>
#include <string.h>

#include "decode/decoder_parts.h"

const char *fxi_decode_name(enum fxi_decode decode)
{
    static const char *const names[FXI_DECODE_COUNT] = {"record", "end",  "syntax", "truncated",  "encoding",
                                                        "depth",  "type", "range",  "not_object", "trailing"};
    return names[decode];
}

const char *fxi_decode_fault(struct fxi_decoder *d, const char *at, enum fxi_decode reason)
{
    d->reason = reason == FXI_DECODE_SYNTAX && at == d->end ? FXI_DECODE_TRUNCATED : reason;
    d->fault = at;
    return NULL;
}

/* Most records are longer than the copy. For these the sizes are constants, and copying needs no function call. */
const char *fxi_decode_enter_tail(struct fxi_decoder *d, const char *at)
{
    size_t size = (size_t)(d->end - at), before = 0;
    if (FXI_LIKELY((size_t)(d->end - d->start) >= FXI_SLACK)) {
        before = FXI_SLACK - size;
        memcpy(d->tail, at - before, FXI_SLACK);
        memset(d->tail + FXI_SLACK, 0, sizeof d->tail - FXI_SLACK);
    } else {
        memset(d->tail, 0, sizeof d->tail);
        memcpy(d->tail, at, size);
    }
    d->tail_origin = at - before;
    d->end = d->tail + before + size;
    d->last = (uintptr_t)d->end;
    return d->tail + before;
}

int fxi_decoder_set_scan(struct fxi_decoder *decoder, enum fxi_scan scan)
{
    switch (scan) {
    case FXI_SCAN_PORTABLE:
        decoder->parse = fxi_parse_portable;
        return 0;
#ifdef __x86_64__
    case FXI_SCAN_SSE2:
        decoder->parse = fxi_parse_sse2;
        return 0;
    case FXI_SCAN_AVX2:
        if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi"))
            return -1;
        decoder->parse = fxi_parse_avx2;
        return 0;
#endif
#ifdef __aarch64__
    case FXI_SCAN_NEON:
        decoder->parse = fxi_parse_neon;
        return 0;
#endif
    default:
        return -1;
    }
}

static void set_best_scan(struct fxi_decoder *d)
{
    int scan = FXI_SCAN_COUNT - 1;
    while (fxi_decoder_set_scan(d, (enum fxi_scan)scan) != 0)
        scan--;
}

static struct fxi_decoder *decoder_alloc(unsigned max_depth)
{
    struct fxi_decoder *d = aligned_alloc(_Alignof(struct fxi_decoder), sizeof *d);
    if (!d)
        return NULL;
    memset(d, 0, sizeof *d);
    d->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    d->frames = calloc(max_depth + 1, sizeof *d->frames);
    if (!d->c_locale || !d->frames) {
        fxi_decoder_free(d);
        return NULL;
    }
    d->frames_end = d->frames + max_depth + 1;
    fxi_decoder_set_join(d, ",");
    return d;
}

struct fxi_decoder *fxi_decoder_new(const struct fxi_field *fields, size_t count, unsigned max_depth,
                                    struct fx_error *err)
{
    if (max_depth < 1 || max_depth > FXI_DECODE_MAX_DEPTH) {
        fx_error_set(err, FX_EINVAL, "A depth of %u is not in 1 to %d.", max_depth, FXI_DECODE_MAX_DEPTH);
        return NULL;
    }
    struct fxi_decoder *d = decoder_alloc(max_depth);
    if (!d) {
        fx_error_set(err, FX_ENOMEM, "There is no memory for a decoder.");
        return NULL;
    }
    if (fxi_claims_make(d, fields, count, err) != 0) {
        fxi_decoder_free(d);
        return NULL;
    }
    fxi_entries_init(d);
    set_best_scan(d);
    return d;
}

void fxi_decoder_free(struct fxi_decoder *decoder)
{
    if (!decoder)
        return;
    fxi_claims_free(decoder);
    if (decoder->c_locale)
        freelocale(decoder->c_locale);
    free(decoder->frames);
    free(decoder);
}

const char *fxi_decode_object(struct fxi_decoder *d, const char *at, const char *end)
{
    d->start = at;
    d->end = end;
    d->last = (uintptr_t)end - FXI_SLACK;
    for (size_t i = 0; i < d->claim_count; i++)
        d->captures[i].kind = FXI_KIND_ABSENT;
    const char *behind = d->parse(d, fxi_decode_readable(d, at));
    return behind ? fxi_decode_origin(d, behind) : NULL;
}

/* Parses the record at `at`. Gives the place after it in the payload, or NULL with the fault noted. */
static const char *parse_one(struct fxi_decoder *d, const char *at, const char *end)
{
    const char *behind = fxi_decode_object(d, at, end);
    if (!behind)
        return NULL;
    behind = fxi_skip_space(behind, end, false);
    if (behind < end && *behind != '\n')
        return fxi_decode_fault(d, behind, FXI_DECODE_TRAILING);
    return behind;
}

/* The beginning of the line after a malformed record. NULL: not known until more of the payload arrives. */
static const char *next_line(const struct fxi_decoder *d, const char *at, const char *end)
{
    const char *newline = memchr(at, '\n', (size_t)(end - at));
    if (d->part == FXI_PART_OPEN && (!newline || d->reason == FXI_DECODE_TRUNCATED))
        return NULL;
    return newline ? newline + 1 : end;
}

/* Skips a record that was not decoded, or leaves it if its rest may still arrive. */
static __attribute__((noinline, cold)) enum fxi_decode reject(struct fxi_decoder *d, const char *start,
                                                              const char *behind, const char **at, const char *end,
                                                              const char **where)
{
    if (!behind)
        behind = next_line(d, start, end);
    if (!behind) {
        *at = start;
        return FXI_DECODE_END;
    }
    *at = behind;
    if (where)
        *where = fxi_decode_origin(d, d->fault);
    return d->reason;
}

enum fxi_decode fxi_decoder_next(struct fxi_decoder *d, const char **at, const char *end, struct fx_value *row,
                                 struct fxi_arena *arena, const char **where)
{
    const char *start = fxi_skip_space(*at, end, true);
    if (FXI_UNLIKELY(d->list.place || start == end || *start != '{'))
        return fxi_list_next(d, at, end, row, arena, where);
    const char *behind = parse_one(d, start, end);
    if (FXI_UNLIKELY(behind == end && d->part == FXI_PART_OPEN)) { /* more may follow on the record's last line */
        *at = start;
        return FXI_DECODE_END;
    }
    if (FXI_UNLIKELY(!behind || fxi_decode_convert(d, row, arena) != FXI_DECODE_RECORD))
        return reject(d, start, behind, at, end, where);
    *at = behind;
    return FXI_DECODE_RECORD;
}

void fxi_decoder_set_part(struct fxi_decoder *decoder, enum fxi_part part)
{
    decoder->part = (uint8_t)part;
}

bool fxi_decoder_in_list(const struct fxi_decoder *decoder)
{
    return decoder->list.place != FXI_LIST_NONE;
}

void fxi_decoder_skipped(struct fxi_decoder *decoder)
{
    if (decoder->list.place)
        decoder->list.place = FXI_LIST_LOST, decoder->list.is_broken = true;
}

void fxi_decoder_set_framed(struct fxi_decoder *decoder, bool framed)
{
    decoder->framed = framed;
}

void fxi_decoder_set_join(struct fxi_decoder *decoder, const char *join)
{
    decoder->join = join;
    decoder->join_size = strlen(join);
}

const char *fxi_decoder_start(const struct fxi_decoder *decoder)
{
    return decoder->start;
}
