/*
 * The file of dead letters: one JSON object on each line. Workers add letters, and the checkpoint stores them: letters
 * that were added before a cut are on the disk before the cut is committed.
 */
#ifndef FXI_PIPELINE_LETTERS_H
#define FXI_PIPELINE_LETTERS_H

#include <stdbool.h>

#include <flow-exporter/error.h>
#include <flow-exporter/letter.h>

struct fxi_letters;

/* Opens or makes the file. On failure gives NULL and err. name is the input's and must stay valid. */
struct fxi_letters *fxi_letters_open(const char *path, int64_t max_bytes, const char *name, struct fx_error *err);
void fxi_letters_close(struct fxi_letters *letters);

/* Any worker. False: there is no room now. */
bool fxi_letters_add(struct fxi_letters *letters, const struct fx_letter *letter);
/* Writes and syncs the added letters. Gives 0, or negative with err; then try again later. */
int fxi_letters_store(struct fxi_letters *letters, struct fx_error *err);
/* Drops the added letters that could not be stored. Gives their number. */
uint64_t fxi_letters_drop(struct fxi_letters *letters);
/* Gives the number of letters stored since the last call. */
uint64_t fxi_letters_stored(struct fxi_letters *letters);

#endif
