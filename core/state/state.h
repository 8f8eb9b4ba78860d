/*
 * The state directory: checkpoints on disk. One thread at a time (the
 * checkpoint's owner), but for fxi_state_folder.
 *
 *   (the folder itself)        locked by the process that uses it
 *   lock                       the same for older versions
 *   identity                   who this is in tags
 *   checkpoint-0, -1           two slots: what a checkpoint is made of (slot.h); the last accepted one is never touched
 *   instance-NAME/values-0, -1 the values of an output in either slot
 *   instance-NAME/log-G        its log; both slots say how much of which log is theirs
 *   instance-NAME/private/     what it keeps by itself (fx_state_folder)
 */
#ifndef FXI_STATE_STATE_H
#define FXI_STATE_STATE_H

#include <stdbool.h>

#include <flow-exporter/state.h>

#include "state/slot.h"

struct fxi_state;

/*
 * Where state is kept: configured ("none": nowhere; NULL: by the environment: systemd's STATE_DIRECTORY, else the XDG
 * state home). Heap, or NULL: nowhere. *is_default: nobody asked for this one.
 */
char *fxi_state_directory(const char *configured, bool *is_default);

/* Makes the directory unless it is there, locks it and reads what is in it. FX_EABI: it belongs to a newer program or
 * to something else; FX_EINVAL: another process has it; FX_EIO: all else. */
int fxi_state_open(struct fxi_state **state, const char *directory, struct fx_error *err) FX_WARN_UNUSED;
/* The same to look only: it is not locked, and nothing is made. Faults of newer formats are faults of the slots. */
int fxi_state_look(struct fxi_state **state, const char *directory, struct fx_error *err) FX_WARN_UNUSED;
void fxi_state_close(struct fxi_state *state);
const char *fxi_state_identity(const struct fxi_state *state);

/* What was found: the slots as they are, and sentences about those that can't be used (owned by the state). */
const struct fxi_slot *fxi_state_slot(const struct fxi_state *state, unsigned index);
const char *fxi_state_fault(const struct fxi_state *state, unsigned index);
/* The slot that is the truth: never written to. NULL: none is. */
void fxi_state_choose(struct fxi_state *state, const struct fxi_slot *slot);
const struct fxi_slot *fxi_state_truth(const struct fxi_state *state);

/* The part of an output. Made at the start; owned by the state. */
struct fx_state *fxi_state_part(struct fxi_state *state, const char *instance, const char *plugin);
/* For fx_state_folder: makes it. NULL when it can't be. */
char *fxi_state_folder_new(struct fxi_state *state, const char *instance);
/* The same folder of a directory that is not opened, if it is there; the caller's. NULL: it is not, or can't be read. */
char *fxi_state_folder_find(const char *directory, const char *instance);

/*
 * A checkpoint: begin, then each part (begin, the output's calls, end), then finish. After finish all of it is on the
 * disk. A failure of any step: fxi_state_invalidate, or another begin later. accept: finish's checkpoint is the truth.
 */
int fxi_state_begin(struct fxi_state *state, uint64_t number, struct fx_error *err) FX_WARN_UNUSED;
int fxi_part_begin(struct fx_state *part, int *rewrite_log, struct fx_error *err) FX_WARN_UNUSED;
int fxi_part_end(struct fx_state *part, struct fx_error *err) FX_WARN_UNUSED;
/* The output could not say what it holds: it is left out of this checkpoint. */
void fxi_part_leave_out(struct fx_state *part);
int fxi_state_finish(struct fxi_state *state, const struct fxi_slot_position *positions, size_t count,
                     struct fx_error *err) FX_WARN_UNUSED;
const struct fxi_slot *fxi_state_written(const struct fxi_state *state);
void fxi_state_accept(struct fxi_state *state);

/* The slot, which is not the truth, is known never to be accepted any more: no later start shall wonder about it. */
void fxi_state_drop(struct fxi_state *state, const struct fxi_slot *slot);

/* From now on checkpoints are accepted that are not here: what is here must not be taken for the truth. Gives up
 * every descriptor; fxi_state_reopen tries to have the directory again. */
void fxi_state_invalidate(struct fxi_state *state);
int fxi_state_reopen(struct fxi_state *state, struct fx_error *err) FX_WARN_UNUSED;
bool fxi_state_is_usable(const struct fxi_state *state);

/* For restore: the part as the slot has it. 0; FX_EINVAL: it is not in there; FX_EIO: it is damaged. */
int fxi_part_read(struct fx_state *part, const struct fxi_slot *slot, struct fx_error *err) FX_WARN_UNUSED;
void fxi_part_read_end(struct fx_state *part);
/* What the truth has of it can't be used: the next checkpoint begins it anew. */
void fxi_part_void(struct fx_state *part);

#endif
