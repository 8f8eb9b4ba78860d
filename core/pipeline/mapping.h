/*
 * What lies between the schema, which is everybody's, and the records of one
 * input: where its producer has the fields, and what is done with a row after
 * decoding. Made by the main thread; workers only read it.
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
    struct fxi_field *fields; /* what the decoder fills: the schema's, then those that help; paths are owned */
    size_t count, own;        /* own: the schema's */
    bool finishes;            /* something is left to do after decoding */

    struct fxi_move *moves; /* other places of a field: to takes from's value if it has none */
    size_t move_count;
    uint16_t *back; /* of a producer that counts both ways: whose value a field has on the way back; NULL: one way */
    uint16_t *back_values; /* the way back is counted if one of these is more than 0 */
    size_t back_value_count;
    struct fxi_spell *spells; /* fields whose numbers have names */
    size_t spell_count;
    struct fxi_names *names; /* their texts */
    int rate;                /* the field by which `scaled` are multiplied, or -1 */
    uint16_t *scaled;
    size_t scaled_count;
};

/* The field that scaling needs must be in the schema before (fxi_mapping_claim, for each input). */
int fxi_mapping_claim(struct fxi_schema *schema, const struct fx_instance *input, struct fx_error *err);
int fxi_mapping_make(struct fxi_mapping *mapping, const struct fxi_schema *schema, const struct fx_instance *input,
                     struct fx_error *err);
void fxi_mapping_fini(struct fxi_mapping *mapping);

/*
 * Finishes a decoded row of mapping->count values. There must be room for one more behind it: the way back.
 * The number of rows, 1 or 2; 0: rejected, and why.
 */
unsigned fxi_mapping_finish(const struct fxi_mapping *mapping, struct fx_value *row, enum fxi_decode *why);

#endif
