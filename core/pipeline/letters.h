/*
 * The file that dead letters are kept in: one JSON object a line. Workers add,
 * the checkpoint stores: what was added before a cut is on disk before that
 * cut is committed.
 */
#ifndef FXI_PIPELINE_LETTERS_H
#define FXI_PIPELINE_LETTERS_H

#include <stdbool.h>

#include <flow-exporter/error.h>
#include <flow-exporter/letter.h>

struct fxi_letters;

/* Opens or makes the file. NULL with err. name: of the input, which stays. */
struct fxi_letters *fxi_letters_open(const char *path, int64_t max_bytes, const char *name, struct fx_error *err);
void fxi_letters_close(struct fxi_letters *letters);

/* False: there is no room for it now. Any worker. */
bool fxi_letters_add(struct fxi_letters *letters, const struct fx_letter *letter);
/* Writes and syncs what was added. 0, or negative with err: the same again later. */
int fxi_letters_store(struct fxi_letters *letters, struct fx_error *err);
/* Gives up on what was added and could not be stored; its number. */
uint64_t fxi_letters_drop(struct fxi_letters *letters);
/* How many were stored since the last call. */
uint64_t fxi_letters_stored(struct fxi_letters *letters);

#endif
