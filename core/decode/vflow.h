/*
 * vFlow's messages: one object with many flows, each flow a list of numbered elements.
 *
 *   {"AgentID": "192.0.2.1", "DataSets": [[{"I": 16, "V": 15169}, {"I": 1, "V": "0x00000050"}], ...]}
 *
 * Each inner list is a record with the members "16", "1" and "AgentID". An enterprise's element ("E") is the member
 * "E.I", in a path "29305\.1". A text with a hexadecimal number ("0x...") is this number where a number is claimed.
 *
 * The decoder first checks the whole message: malformed JSON costs the message. An unusable value costs its record.
 * Each record is written flat into the arena and decoded, so the decoder's other rules hold as well.
 */
#ifndef FXI_DECODE_VFLOW_H
#define FXI_DECODE_VFLOW_H

#include "decode/decoder.h"

struct fxi_vflow;

/* Like fxi_decoder_new. Belongs to one worker. */
struct fxi_vflow *fxi_vflow_new(const struct fxi_field *fields, size_t count, unsigned max_depth, struct fx_error *err);
void fxi_vflow_free(struct fxi_vflow *vflow);

/* Like fxi_decoder_next. Once a payload has been begun, all its records must be taken, up to FXI_DECODE_END. */
enum fxi_decode fxi_vflow_next(struct fxi_vflow *vflow, const char **at, const char *end, struct fx_value *row,
                               struct fxi_arena *arena, const char **where);

/*
 * The record that fxi_vflow_next gave last, written flat with all its elements, in the arena. NULL: there is no memory.
 */
const char *fxi_vflow_text(const struct fxi_vflow *vflow, struct fxi_arena *arena, size_t *size);

/* The decoder of the messages. How a payload ends is set there (fxi_decoder_set_part). */
struct fxi_decoder *fxi_vflow_whole(struct fxi_vflow *vflow);
/* The decoder of the records in the messages. */
struct fxi_decoder *fxi_vflow_flat(struct fxi_vflow *vflow);

#endif
