/*
 * Between the schema, which all plugins share, and the records of one input: the producer's places of the fields, and
 * what remains to be done with a row after decoding. The main thread makes a mapping. Workers only read it.
 */
#ifndef FXI_PIPELINE_MAPPING_H
#define FXI_PIPELINE_MAPPING_H

#include <stdbool.h>

#include "decode/decoder.h"
#include "pipeline/schema.h"

struct fxi_move {
    uint16_t to, from;
};

struct fxi_spell {
    uint16_t field;
    uint8_t word; /* enum fx_word */
    uint8_t type; /* as claimed: FX_TEXT, or a number */
    bool rejects; /* a claim of a number rejects the record if there is no number */
};
struct fxi_names; /* spelling.c */

struct fxi_mapping {
    struct fxi_field *fields; /* filled by the decoder: first the schema's fields, then helping ones; paths are owned */
    size_t count, own;        /* own: the number of the schema's fields */
    bool finishes;            /* something remains to be done after decoding */

    struct fxi_move *moves; /* other places of a field: if `to` has no value, it takes that of `from` */
    size_t move_count;
    /*
     * for producers that count both directions: the field that gives each field's value in the reverse direction; NULL:
     * one direction
     */
    uint16_t *back;
    uint16_t *back_values; /* the reverse direction is counted if one of these is more than 0 */
    size_t back_value_count;
    struct fxi_spell *spells; /* fields whose numbers have names */
    size_t spell_count;
    struct fxi_names *names; /* the texts of these names */
    int rate;                /* the field that the `scaled` are multiplied by, or -1 */
    uint16_t *scaled;
    size_t scaled_count;
};

/* Call fxi_mapping_claim before for each input: it puts the field that scaling needs into the schema. */
int fxi_mapping_claim(struct fxi_schema *schema, const struct fx_instance *input, struct fx_error *err);
int fxi_mapping_make(struct fxi_mapping *mapping, const struct fxi_schema *schema, const struct fx_instance *input,
                     struct fx_error *err);
void fxi_mapping_fini(struct fxi_mapping *mapping);

/*
 * Finishes a decoded row of mapping->count values. After it there must be room for another row, the reverse direction.
 * Gives the number of rows: 1 or 2, or 0 if the record is rejected; then *why is the reason.
 */
unsigned fxi_mapping_finish(const struct fxi_mapping *mapping, struct fx_value *row, enum fxi_decode *why);

#endif
