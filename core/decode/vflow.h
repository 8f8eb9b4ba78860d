/*
 * vFlow's messages: many flows in one object, each a list of numbered elements.
 *
 *     {"AgentID": "192.0.2.1", "DataSets": [[{"I": 16, "V": 15169}, {"I": 1, "V": "0x00000050"}], ...]}
 *
 * Each inner list is a record with the members "16", "1" and "AgentID". An element of an enterprise ("E") is the member
 * "E.I" (as a path "29305\.1"). Text that is a number in hexadecimal ("0x...") counts as that number where a number is claimed.
 *
 * The whole message is checked first by the decoder: malformed JSON costs the message. An unusable value costs its
 * record. All other rules are the decoder's, which sees each record written flat, in the arena.
 */
#ifndef FXI_DECODE_VFLOW_H
#define FXI_DECODE_VFLOW_H

#include "decode/decoder.h"

struct fxi_vflow;

/* As fxi_decoder_new: one worker's. */
struct fxi_vflow *fxi_vflow_new(const struct fxi_field *fields, size_t count, unsigned max_depth, struct fx_error *err);
void fxi_vflow_free(struct fxi_vflow *vflow);

/* As fxi_decoder_next; of a payload that was begun all records must be taken, up to FXI_DECODE_END. */
enum fxi_decode fxi_vflow_next(struct fxi_vflow *vflow, const char **at, const char *end, struct fx_value *row,
                               struct fxi_arena *arena, const char **where);

/* The decoder that sees the messages: how a payload ends is its to know (fxi_decoder_set_part). */
struct fxi_decoder *fxi_vflow_whole(struct fxi_vflow *vflow);
/* The decoder of the records in them. */
struct fxi_decoder *fxi_vflow_flat(struct fxi_vflow *vflow);

#endif
