/*
 * Records: what the decoder makes, resolvers add to and outputs read.
 *
 * At create each plugin claims the fields that it reads and writes, by name or
 * path. The claims are the schema: a field gets a small number, a record is a
 * row of values, a batch is rows and an arena. Only claimed fields are decoded.
 */
#ifndef FLOW_EXPORTER_RECORD_H
#define FLOW_EXPORTER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

/* What a value is. */
enum fx_type {
    FX_NULL = 0, /* absent, null, or of no use (an object where text is claimed) */
    FX_UNSIGNED, /* u, exact to 64 bits */
    FX_SIGNED,   /* i, exact to 64 bits */
    FX_DOUBLE,   /* d */
    FX_TEXT,     /* text and size: UTF-8, not ended by NUL, may contain NUL */
    FX_LATE      /* cell: text that may arrive later */
};

struct fx_cell;

/* 16 bytes. A text points into the payload or the batch's arena: valid until write returns. */
struct fx_value {
    union {
        uint64_t u;
        int64_t i;
        double d;
        const char *text;
        struct fx_cell *cell;
    };
    uint32_t size; /* bytes of text */
    uint32_t type; /* enum fx_type */
};

/* Rows of one worker. Only the worker's own thread touches it. */
struct fx_batch {
    struct fx_value *values; /* rows * width values, a row after the other */
    uint32_t rows;
    uint32_t width; /* fields a row */
};

static inline struct fx_value *fx_batch_row(const struct fx_batch *batch, size_t row)
{
    return batch->values + row * batch->width;
}

/* Memory that lives as long as the batch, for texts that a resolver makes. NULL when the arena's bound is reached. */
FX_API char *fx_batch_alloc(struct fx_batch *batch, size_t size);

/*
 * Claims, in create only. path is a member's name, or names joined by dots for members of
 * nested objects ("label.nkey"); a dot in a name is written "\\.".
 *
 * fx_claim_read: the decoder fills the field, or the plugin that claimed to write it.
 * type is FX_UNSIGNED, FX_SIGNED, FX_DOUBLE or FX_TEXT; the value is of that type or FX_NULL.
 * A field of type FX_TEXT may also hold FX_LATE, if a resolver writes it.
 *   number claimed: a number or a number as text; anything else rejects the record (reason type),
 *                   as does a number that the type can't hold exactly (reason range)
 *   text claimed:   text, or a number's or boolean's own text; an object or array is FX_NULL
 * fx_claim_write: the field's values come from this plugin (always FX_TEXT by claim, so also FX_LATE).
 *
 * Both return the field's number (0 or more) or a negative code with err filled.
 */
FX_API int fx_claim_read(struct fx_instance *instance, const char *path, enum fx_type type,
                         struct fx_error *err) FX_WARN_UNUSED;
FX_API int fx_claim_write(struct fx_instance *instance, const char *path, struct fx_error *err) FX_WARN_UNUSED;

/*
 * Name cells: a stable address whose text arrives later, so that a resolver neither blocks
 * nor splits a series. A resolver makes one cell for one thing, and outputs key on its address.
 *
 * Reference-counted; any thread. The resolver holds a reference; who keeps a cell beyond write()
 * takes one more. A resolver drops a cell from its table only when nobody else holds it
 * (fx_cell_is_shared), else the same thing would get a second identity.
 */
enum fx_cell_state { FX_CELL_PENDING = 0, FX_CELL_KNOWN, FX_CELL_UNKNOWN };

FX_API struct fx_cell *fx_cell_new(void); /* pending, one reference; NULL without memory */
/*
 * The same with a key, which tells the thing from others over restarts, among all cells of one field: an AS number's
 * digits. A cell without one stands for no one thing, and nothing that is keyed on it is kept over a restart. Since ABI 1.1.
 */
FX_API struct fx_cell *fx_cell_new_keyed(const char *key, size_t size);
/* Its key, which is valid as long as the cell; *size 0: it has none. */
FX_API const char *fx_cell_key(const struct fx_cell *cell, size_t *size);
FX_API struct fx_cell *fx_cell_ref(struct fx_cell *cell);
FX_API void fx_cell_unref(struct fx_cell *cell);
FX_API int fx_cell_is_shared(const struct fx_cell *cell);
/* Sets state and text (copied; valid UTF-8; at most FX_CELL_TEXT_MAX bytes, longer is cut at a character). 0 or FX_ENOMEM. */
FX_API int fx_cell_set(struct fx_cell *cell, enum fx_cell_state state, const char *text, size_t size);
FX_API enum fx_cell_state fx_cell_state(const struct fx_cell *cell);
/* Copies the text into buffer (FX_CELL_TEXT_MAX bytes) and gives its size. Takes a short lock: not for the hot path. */
FX_API enum fx_cell_state fx_cell_read(const struct fx_cell *cell, char *buffer, size_t *size);
#define FX_CELL_TEXT_MAX 1024

#endif
