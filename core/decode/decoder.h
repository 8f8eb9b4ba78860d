/*
 * The decoder: it turns a payload of JSON objects, separated by newlines, into rows of the claimed fields. The rest is
 * checked by the grammar of RFC 8259 and skipped.
 *
 *   - A record is an object. Spaces, tabs, CR and blank lines around records are skipped. A record may span several
 *     lines. Between its end and the next newline only spaces, tabs and CR are allowed.
 *   - A list at the top is not a record: each of its elements is one. The same holds for a list in a list. After a list
 *     a newline, another list, or the end of the payload must follow. list.c tells what a fault in a list costs.
 *   - A byte order mark before a record or list is skipped.
 *   - A record is taken as a whole or not at all. After a malformed record the decoder continues after the first
 *     newline that follows the record's START. So a truncated line costs only its own record. A record of valid JSON
 *     with an unusable value (wrong type or out of range) is skipped as a whole.
 *   - Of duplicate members the last one counts, and only this one is judged. An object replaces an earlier one as a
 *     whole.
 *   - The grammar allows escapes of lone surrogates; they become U+FFFD. \u0000 becomes a NUL byte in the text.
 *   - Texts point into the payload. Texts with escapes point into the arena.
 *   - If a number is claimed, the value may be a number or a string with a number in JSON's grammar. null and an absent
 *     member are FX_NULL. Integers are exact: 1e3 and "1683632885.000000" are integers. 1.5, and -1 for an unsigned
 *     field, are out of range. -0 is 0.
 *   - If a text is claimed, the value may be a string, a number or boolean as written, or a list or object, whose
 *     scalars are joined. null, an absent member, and an empty list or object are FX_NULL.
 *   - A name in a path that is a number is also the index of an element in a list. A negative index counts from the
 *     end.
 *   - Nothing after the payload's end is read. Only arena text is allocated.
 */
#ifndef FXI_DECODE_DECODER_H
#define FXI_DECODE_DECODER_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/error.h>
#include <flow-exporter/record.h>

#include "util/arena.h"

/* One field of the schema. Its index is the index of the value in the row. */
struct fxi_field {
    /*
     * names joined by dots; "\." is a dot in a name, "\\" a backslash; a name such as 0 or -1 may be an element's index
     */
    const char *path;
    enum fx_type type; /* FX_UNSIGNED, FX_SIGNED, FX_DOUBLE or FX_TEXT */
    int computed;      /* a resolver fills it; the decoder leaves FX_NULL */
    int optional;      /* the field has other paths as well: an empty text where a number is claimed is FX_NULL */
    int lenient;       /* a number is claimed: anything else is FX_NULL and rejects nothing */
};

enum fxi_decode {
    FXI_DECODE_RECORD = 0, /* the row is filled */
    FXI_DECODE_END,        /* no more records in the payload */
    /* The reasons for rejecting a record. */
    FXI_DECODE_SYNTAX,
    FXI_DECODE_TRUNCATED,  /* the payload ends inside the record */
    FXI_DECODE_ENCODING,   /* not UTF-8 */
    FXI_DECODE_DEPTH,      /* nested deeper than max_depth */
    FXI_DECODE_TYPE,       /* a claimed number is neither a number nor a number as text */
    FXI_DECODE_RANGE,      /* a claimed number does not fit its type (or the arena's bound is reached) */
    FXI_DECODE_NOT_OBJECT, /* not an object where a record is expected */
    FXI_DECODE_TRAILING    /* something follows the record on its last line */
};
#define FXI_DECODE_COUNT 10

#define FXI_DECODE_MAX_DEPTH 1024

/* Gives "syntax", "truncated" and so on, as in the labels of metrics; for the first two "record" and "end". */
const char *fxi_decode_name(enum fxi_decode decode);

struct fxi_decoder;

/*
 * A decoder belongs to one worker. Several fields may have the same path. max_depth is 1 (no nesting) to
 * FXI_DECODE_MAX_DEPTH. The fields are copied. On failure gives NULL and err: FX_EINVAL for a bad path, type or depth,
 * or FX_ENOMEM.
 */
struct fxi_decoder *fxi_decoder_new(const struct fxi_field *fields, size_t count, unsigned max_depth,
                                    struct fx_error *err);
void fxi_decoder_free(struct fxi_decoder *decoder);

/*
 * Decodes the next record of [*at, end) into row, and moves *at past it. A rejected record is passed too, with one
 * exception (list.c). row has count values; all of them are written if a record is returned, otherwise they are
 * undefined. *where is the place of the fault in [the old *at, end]; where may be NULL. Call this until FXI_DECODE_END.
 * Values stay valid as long as the payload and the arena.
 */
enum fxi_decode fxi_decoder_next(struct fxi_decoder *decoder, const char **at, const char *end, struct fx_value *row,
                                 struct fxi_arena *arena, const char **where);

/* How a payload ends. */
enum fxi_part {
    FXI_PART_WHOLE, /* the payload's end also ends its last record and its list */
    FXI_PART_OPEN,  /* more may follow; a truncated record is left: FXI_DECODE_END leaves *at at its beginning */
    FXI_PART_FORCED /* more may follow, but a truncated record is malformed: there is no room to wait for its rest */
};

/*
 * Holds for all later payloads; the default is FXI_PART_WHOLE. The next payload begins at the *at that came with
 * FXI_DECODE_END, and continues a list that was open there. A forced part ends after a newline.
 */
void fxi_decoder_set_part(struct fxi_decoder *decoder, enum fxi_part part);
/* Whether a list is open. Then the next payload must continue it. */
bool fxi_decoder_in_list(const struct fxi_decoder *decoder);
/* Tells the decoder that the caller skipped the rest of a line. The next payload begins with a line. */
void fxi_decoder_skipped(struct fxi_decoder *decoder);
/* Whether a record or list may begin with the five bytes of a schema registry (0 and a number), which are skipped. */
void fxi_decoder_set_framed(struct fxi_decoder *decoder, bool framed);
/* The text between the elements of a list where a text is claimed. The default is ",". join must stay valid. */
void fxi_decoder_set_join(struct fxi_decoder *decoder, const char *join);
/* The beginning of the record that was decoded or rejected last. */
const char *fxi_decoder_start(const struct fxi_decoder *decoder);

/*
 * How bytes are scanned. By default the decoder takes the best for this processor; tests and benchmarks choose another.
 */
enum fxi_scan { FXI_SCAN_PORTABLE, FXI_SCAN_SSE2, FXI_SCAN_AVX2, FXI_SCAN_NEON };
#define FXI_SCAN_COUNT 4
/* Gives 0, or -1 if this processor or build does not have it. */
int fxi_decoder_set_scan(struct fxi_decoder *decoder, enum fxi_scan scan);

#endif
