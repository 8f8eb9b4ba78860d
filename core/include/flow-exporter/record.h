/*
 * Records. The decoder makes them, resolvers add to them, and outputs read them.
 *
 * In create each plugin claims the fields that it reads and writes, by name or path (fx_claim). All claims together are
 * the schema. Each claimed field gets a small number. A record is a row of values; a batch is a set of rows with an arena.
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
 * Drops a row: the record goes to no later resolver and to no output. In enrich only. The row stays where it is until
 * enrich has returned FX_OK; then the core removes it and counts it in records_filtered_total. The record still counts
 * as read: its position is committed with the others. A row may be dropped twice.
 */
FX_API void fx_batch_drop(struct fx_batch *batch, uint32_t row);

enum fx_access {
    FX_CLAIM_READ = 1 << 0, /* the plugin reads the field; also meant by 0 */
    FX_CLAIM_WRITE = 1 << 1 /* resolvers only: the plugin sets the field in every row */
};

/* What happens to a record whose value is no number, or none that the type can hold exactly. */
enum fx_mismatch {
    FX_MISMATCH_NULL = 0, /* the value of this claim is FX_NULL */
    FX_MISMATCH_REJECT    /* the record is malformed (reason type or range) and reaches nobody */
};

/*
 * One claim. path is the name of a member. For a member of nested objects, path is several names joined by dots
 * ("label.nkey"). A dot within a name is written "\\.". A name that is a number is also the place of an element.
 *
 * type is FX_UNSIGNED, FX_SIGNED, FX_DOUBLE or FX_TEXT. The value is of that type or FX_NULL. A text may also be
 * FX_LATE, if a resolver writes the field.
 *   A number is claimed:  a number, or a number as text, is accepted. mismatch decides about anything else.
 *   Text is claimed:      the value is the text, or the written form of a number or boolean. Of an object or array
 *                         it is the elements, joined.
 *
 * Two names are not members: "@record" is the record's own JSON text, from '{' to '}', and "@payload" is the payload in
 * which it came. Both are read as FX_TEXT, as they came. So a plugin passes on all fields, also those that nobody
 * claims. Formats that are unpacked give "@record" written flat, with all members. A payload may be malformed elsewhere.
 *
 * Several plugins may claim the same field with different types; each type has a value of its own in the row. Claim
 * FX_MISMATCH_REJECT only where a wrong value would make the result wrong: it costs the record for all plugins.
 *
 * Resolvers run in the order of the configuration, outputs after them. What a resolver writes is seen by all that come
 * later, whatever type they claim: the core converts numbers to other types and to text. The two accesses together
 * replace a value: the resolver finds the record's value, or what an earlier resolver wrote, and leaves its own.
 * With FX_CLAIM_WRITE alone the field is FX_NULL when enrich is called, even if the record has a member of that name.
 * A resolver may claim any number of fields. These claims are errors:
 *   - to write a field without reading it, if a resolver that comes before reads or writes it;
 *   - to read a number from a field that a resolver before writes as text;
 *   - to write "@record" or "@payload", or to read them as a number.
 */
struct fx_claim {
    const char *path FX_ZERO;
    uint32_t access FX_ZERO;   /* enum fx_access, combined */
    uint32_t type FX_ZERO;     /* enum fx_type */
    uint32_t mismatch FX_ZERO; /* enum fx_mismatch, of a number that is read */
    /* The option that names the field, and its item as for fx_error_option: an error has its place. May be NULL. */
    const char *option FX_ZERO;
    const char *item FX_ZERO;
    uint64_t reserved[4] FX_ZERO; /* room for members of later minor versions; leave it out */
};

/*
 * Claims a field. In create only. Returns the number of the field (0 or more): its place in every row. Otherwise returns
 * a negative code with err filled, which has the place of the option, or else of the instance. claim is not kept.
 */
FX_API int fx_claim(struct fx_instance *instance, const struct fx_claim *claim, struct fx_error *err) FX_WARN_UNUSED;

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
