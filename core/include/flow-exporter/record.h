/*
 * Records. The decoder makes them, resolvers add to them, and outputs read them.
 *
 * In create each plugin claims the fields that it reads and writes, by name or path. All claims together are the
 * schema. Each claimed field gets a small number. A record is a row of values; a batch is a set of rows with an arena.
 * Only claimed fields are decoded.
 */
#ifndef FLOW_EXPORTER_RECORD_H
#define FLOW_EXPORTER_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include <flow-exporter/error.h>
#include <flow-exporter/visibility.h>

FX_C_BEGIN

/* The type of a value. */
enum fx_type {
    FX_NULL = 0, /* the field is absent, null, or unusable (an object where text is claimed) */
    FX_UNSIGNED, /* in u, exact to 64 bits */
    FX_SIGNED,   /* in i, exact to 64 bits */
    FX_DOUBLE,   /* in d */
    FX_TEXT,     /* in text and size: UTF-8, not ended by NUL; may contain NUL */
    FX_LATE      /* in cell: text that may arrive later */
};

struct fx_cell;

/* One value, 16 bytes. text points into the payload or the arena of the batch, and is valid until write returns. */
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

/* Rows of one worker. Only the worker's own thread touches the batch. */
struct fx_batch {
    struct fx_value *values; /* rows * width values, row after row */
    uint32_t rows;
    uint32_t width; /* the number of fields in a row */
};

static inline struct fx_value *fx_batch_row(const struct fx_batch *batch, size_t row)
{
    return batch->values + row * batch->width;
}

/* Allocates memory that lives as long as the batch, for a resolver's texts. NULL: the arena's bound is reached. */
FX_API char *fx_batch_alloc(struct fx_batch *batch, size_t size);

/*
 * Claims a field. In create only. path is the name of a member. For a member of nested objects, path is several names
 * joined by dots ("label.nkey"). A dot within a name is written "\\.".
 *
 * fx_claim_read claims a field for reading. The decoder fills the field, or else the plugin that claimed to write it.
 * type is FX_UNSIGNED, FX_SIGNED, FX_DOUBLE or FX_TEXT. The value is of that type or FX_NULL. A field of type FX_TEXT
 * may also hold FX_LATE, if a resolver writes it.
 *   A number is claimed:  a number, or a number as text, is accepted. Anything else rejects the record (reason type).
 *                         A number that the type can't hold exactly also rejects the record (reason range).
 *   Text is claimed:      the value is the text, or the written form of a number or boolean. Of an object or array
 *                         it is the elements, joined.
 *
 * fx_claim_write claims a field whose values come from this plugin. Its type is always FX_TEXT, so it may hold FX_LATE.
 *
 * Both return the number of the field (0 or more), or a negative code with err filled.
 */
FX_API int fx_claim_read(struct fx_instance *instance, const char *path, enum fx_type type,
                         struct fx_error *err) FX_WARN_UNUSED;
FX_API int fx_claim_write(struct fx_instance *instance, const char *path, struct fx_error *err) FX_WARN_UNUSED;

/*
 * Name cells. A cell has a stable address, and its text may arrive later. Thus a resolver need not block, and a series
 * is not split when the text arrives. A resolver makes one cell for each thing, and outputs use its address as the key.
 *
 * Cells are reference-counted. Any thread. The resolver holds one reference. An output that keeps a cell after write()
 * returns takes another one. A resolver removes a cell from its table only when nobody else holds the cell
 * (fx_cell_is_shared). Otherwise the same thing would get a second identity.
 */
enum fx_cell_state { FX_CELL_PENDING = 0, FX_CELL_KNOWN, FX_CELL_UNKNOWN };

/* Makes a cell, pending and with one reference. NULL: memory is used up. */
FX_API struct fx_cell *fx_cell_new(void);
/*
 * Makes a cell with a key. The key identifies the thing across restarts, among all cells of one field. For example, the
 * key of an AS is the digits of its number. A cell without a key stands for no single thing, so nothing that belongs to
 * the cell is kept across restarts.
 */
FX_API struct fx_cell *fx_cell_new_keyed(const char *key, size_t size);
/* Gives the key of the cell, which is valid as long as the cell. *size is 0 if the cell has no key. */
FX_API const char *fx_cell_key(const struct fx_cell *cell, size_t *size);
FX_API struct fx_cell *fx_cell_ref(struct fx_cell *cell);
FX_API void fx_cell_unref(struct fx_cell *cell);
FX_API int fx_cell_is_shared(const struct fx_cell *cell);
/*
 * Sets the state and the text of a cell. text must be valid UTF-8, and is copied. A text longer than FX_CELL_TEXT_MAX
 * bytes is cut between two characters. Returns 0 or FX_ENOMEM.
 */
FX_API int fx_cell_set(struct fx_cell *cell, enum fx_cell_state state, const char *text, size_t size);
FX_API enum fx_cell_state fx_cell_state(const struct fx_cell *cell);
/*
 * Copies the text into buffer, which has FX_CELL_TEXT_MAX bytes, and sets *size. Returns the state. Takes a short lock,
 * so do not call this for every record.
 */
FX_API enum fx_cell_state fx_cell_read(const struct fx_cell *cell, char *buffer, size_t *size);
#define FX_CELL_TEXT_MAX 1024

FX_C_END

#endif
