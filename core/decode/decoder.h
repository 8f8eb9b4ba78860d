/*
 * The decoder: from a payload of newline-separated JSON objects to rows of the
 * claimed fields. Everything else is checked against RFC 8259 and skipped.
 *
 *   - A record is an object. Spaces, tabs, CR and blank lines around records are skipped; a record may itself
 *     span lines; behind it only spaces, tabs and CR may come before the next newline or the end.
 *   - A list at the top is not a record but holds records, one an element; so does a list inside it. Behind its end
 *     a newline, another list or the end may come. list.c says what a fault in a list costs.
 *   - A byte order mark in front of a record or list is skipped.
 *   - A record is taken whole or not at all. After a malformed one the decoder goes on behind the first newline
 *     that follows the record's START, so a cut line costs itself and never swallows its neighbour. A record that
 *     is sound JSON but has an unusable value (type, range) is passed over as a whole.
 *   - Of duplicate members the last one counts, nested objects being replaced as a whole. Only that one is judged.
 *   - Escapes of lone surrogates are legal by grammar and become U+FFFD; \u0000 stays a byte of the text.
 *   - Texts point into the payload, or into the arena if they had escapes.
 *   - Number claimed: a number, or a string that is one by JSON's grammar; null and absent are FX_NULL. Integers are
 *     exact: 1e3 and "1683632885.000000" are, 1.5 and -1 for an unsigned one are out of range. -0 is 0.
 *   - Text claimed: text, or a number's or boolean's own text; of a list or object all that is in it, joined; null,
 *     absent and what is empty are FX_NULL.
 *   - A name in a path that is a number is also the place of an element in a list, from its end if it is negative.
 *   - Nothing is read behind the payload's end, and nothing is allocated but arena text.
 */
#ifndef FXI_DECODE_DECODER_H
#define FXI_DECODE_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/error.h>
#include <flow-exporter/record.h>

#include "util/arena.h"

/* One row of the schema; its index is the value's place in the row. */
struct fxi_field {
    const char *path;  /* names joined by dots; "\." is a dot in a name, "\\" a backslash; 0 or -1 an element */
    enum fx_type type; /* FX_UNSIGNED, FX_SIGNED, FX_DOUBLE or FX_TEXT */
    int computed;      /* a resolver fills it: the decoder leaves FX_NULL */
    int optional;      /* there are other places: an empty text where a number is claimed is FX_NULL */
};

enum fxi_decode {
    FXI_DECODE_RECORD = 0, /* the row is filled */
    FXI_DECODE_END,        /* the payload holds no more */
    /* A record was rejected: why. */
    FXI_DECODE_SYNTAX,
    FXI_DECODE_TRUNCATED,  /* the payload ends inside the record */
    FXI_DECODE_ENCODING,   /* not UTF-8 */
    FXI_DECODE_DEPTH,      /* nested deeper than max_depth */
    FXI_DECODE_TYPE,       /* a claimed number is neither a number nor a number as text */
    FXI_DECODE_RANGE,      /* a claimed number does not fit its type (or the arena's bound is reached) */
    FXI_DECODE_NOT_OBJECT, /* something else than an object where a record should be */
    FXI_DECODE_TRAILING    /* something behind the record on its last line */
};
#define FXI_DECODE_COUNT 10

#define FXI_DECODE_MAX_DEPTH 1024

/* "syntax", "truncated", ...: label values of metrics. "record" and "end" for the first two. */
const char *fxi_decode_name(enum fxi_decode decode);

struct fxi_decoder;

/*
 * A decoder belongs to one worker. Several fields may have the same path. max_depth: 1 (no nesting) to
 * FXI_DECODE_MAX_DEPTH. The fields are copied. NULL and err filled (FX_EINVAL: a bad path, type or depth; FX_ENOMEM).
 */
struct fxi_decoder *fxi_decoder_new(const struct fxi_field *fields, size_t count, unsigned max_depth,
                                    struct fx_error *err);
void fxi_decoder_free(struct fxi_decoder *decoder);

/*
 * Decodes the next record of [*at, end) into row (count values, all written if a record is returned, else
 * undefined) and moves *at behind it, also behind a rejected one (but see list.c: once it may stay). *where (if where is
 * not NULL) is the place of the fault, inside [the old *at, end]. Call again until FXI_DECODE_END. Values are valid as
 * long as payload and arena.
 */
enum fxi_decode fxi_decoder_next(struct fxi_decoder *decoder, const char **at, const char *end, struct fx_value *row,
                                 struct fxi_arena *arena, const char **where);

/* How a payload ends. */
enum fxi_part {
    FXI_PART_WHOLE, /* where the payload ends its last record and its list end, too */
    FXI_PART_OPEN,  /* more may follow. What is cut is left alone: END comes with *at where it begins */
    FXI_PART_FORCED /* more may follow, but what is cut is malformed: there is no room to wait for its rest */
};

/*
 * For payloads from now on; FXI_PART_WHOLE at first. The next payload begins at the *at that came with
 * FXI_DECODE_END, and goes on in the list that was open there. A forced part ends behind a newline.
 */
void fxi_decoder_set_part(struct fxi_decoder *decoder, enum fxi_part part);
/* Whether a list is open: the payload behind it must go on with it. */
bool fxi_decoder_in_list(const struct fxi_decoder *decoder);
/* The caller has passed over the rest of a line, so the next payload begins with a line. */
void fxi_decoder_skipped(struct fxi_decoder *decoder);
/* Whether the five bytes of a schema registry (0 and a number) may stand in front of a record or list: then they are skipped. */
void fxi_decoder_set_framed(struct fxi_decoder *decoder, bool framed);
/* What stands between the elements of a list where a text is claimed; "," at first. It must stay valid. */
void fxi_decoder_set_join(struct fxi_decoder *decoder, const char *join);
/* Where the record begins that was decoded or rejected last. */
const char *fxi_decoder_start(const struct fxi_decoder *decoder);

/* How bytes are scanned: the best that the processor has, unless a test or benchmark asks for another. */
enum fxi_scan { FXI_SCAN_PORTABLE, FXI_SCAN_SSE2, FXI_SCAN_AVX2, FXI_SCAN_NEON };
#define FXI_SCAN_COUNT 4
/* 0, or -1 if this processor or build does not have it. */
int fxi_decoder_set_scan(struct fxi_decoder *decoder, enum fxi_scan scan);

#endif
