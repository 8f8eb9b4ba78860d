/* Spells the names of numbers in one way. The main thread makes the names. Workers read them. */
#ifndef FXI_PIPELINE_SPELLING_H
#define FXI_PIPELINE_SPELLING_H

#include "pipeline/mapping.h"

struct fxi_names *fxi_names_new(bool as_numbers);
void fxi_names_free(struct fxi_names *names);

/*
 * A text that is no number and no name is left alone, and is absent where a number is claimed. False: the claim rejects
 * the record for it.
 */
bool fxi_spell_value(const struct fxi_names *names, const struct fxi_spell *spell, struct fx_value *value);

#endif
