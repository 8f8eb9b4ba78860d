/*
 * The state directory: checkpoints on the disk. One thread at a time, the one that takes checkpoints, except for
 * fxi_state_folder_….
 *
 *   (the folder itself)        locked by the process that uses it
 *   lock                       locked as well, for older versions
 *   identity                   the directory's identity, as in tags
 *   checkpoint-0, -1           two slots, which describe checkpoints (slot.h); the last accepted one is never changed
 *   instance-NAME/values-0, -1 the values of an output, one file for each slot
 *   instance-NAME/log-G        the output's log; each slot says how much of which log belongs to it
 *   instance-NAME/private/     files that the instance keeps by itself (fx_state_folder)
 *
 * The truth is the slot of the last accepted checkpoint. It is never written to.
 */
#ifndef FXI_STATE_DIRECTORY_H
#define FXI_STATE_DIRECTORY_H

#include <stdbool.h>

#include <flow-exporter/state.h>

#include "state/slot.h"

struct fxi_state;

/*
 * The place of the state directory. configured is a path, or "none" for no directory, or NULL: then systemd's
 * STATE_DIRECTORY or the XDG state home is taken. Gives heap memory, or NULL for no directory. *is_default: no
 * directory was configured.
 */
char *fxi_state_directory(const char *configured, bool *is_default);

/*
 * Makes the directory if need be, locks it, and reads what is in it. FX_EABI: it belongs to a newer version or to
 * something else. FX_EINVAL: another process uses it. FX_EIO: anything else.
 */
int fxi_state_open(struct fxi_state **state, const char *directory, struct fx_error *err) FX_WARN_UNUSED;
/*
 * Opens the directory only to look: without locking it or making anything. A slot in a newer format is only a fault of
 * this slot.
 */
int fxi_state_open_to_read(struct fxi_state **state, const char *directory, struct fx_error *err) FX_WARN_UNUSED;
void fxi_state_close(struct fxi_state *state);
const char *fxi_state_identity(const struct fxi_state *state);

/* The slots as they were found, and sentences about those that can't be used. The state owns both. */
const struct fxi_slot *fxi_state_slot(const struct fxi_state *state, unsigned index);
const char *fxi_state_fault(const struct fxi_state *state, unsigned index);
/* Chooses the slot that is the truth. NULL: there is none. */
void fxi_state_choose(struct fxi_state *state, const struct fxi_slot *slot);
const struct fxi_slot *fxi_state_truth(const struct fxi_state *state);

/* The part of an output. Made at the start. The state owns it. */
struct fx_state *fxi_state_part(struct fxi_state *state, const char *instance, const char *plugin);
/* Makes the folder for fx_state_folder. Gives the caller's heap memory, or NULL if it can't be made. */
char *fxi_state_folder_new(struct fxi_state *state, const char *instance);
/*
 * The same folder in a directory that is not open. Gives the caller's heap memory, or NULL if the folder is absent or
 * unreadable.
 */
char *fxi_state_folder_find(const char *directory, const char *instance);

/*
 * A checkpoint is made by begin; for each part begin, the output's calls, and end; then finish. After finish everything
 * is on the disk. After a failure of any step call fxi_state_invalidate, or begin again later. fxi_state_accept makes
 * the finished checkpoint the truth.
 */
int fxi_state_begin(struct fxi_state *state, uint64_t number, struct fx_error *err) FX_WARN_UNUSED;
int fxi_part_begin(struct fx_state *part, int *rewrite_log, struct fx_error *err) FX_WARN_UNUSED;
int fxi_part_end(struct fx_state *part, struct fx_error *err) FX_WARN_UNUSED;
/* Leaves an output out of this checkpoint, since it could not say what it holds. */
void fxi_part_leave_out(struct fx_state *part);
int fxi_state_finish(struct fxi_state *state, const struct fxi_slot_position *positions, size_t count,
                     struct fx_error *err) FX_WARN_UNUSED;
const struct fxi_slot *fxi_state_written(const struct fxi_state *state);
void fxi_state_accept(struct fxi_state *state);

/* Drops a slot other than the truth, which will never be accepted. No later start has to ask the inputs about it. */
void fxi_state_drop(struct fxi_state *state, const struct fxi_slot *slot);

/*
 * Call this before a checkpoint is accepted that is not stored here: then what is here must never be taken for the
 * truth. Removes the slots and gives up the directory. fxi_state_reopen tries to use the directory again.
 */
void fxi_state_invalidate(struct fxi_state *state);
int fxi_state_reopen(struct fxi_state *state, struct fx_error *err) FX_WARN_UNUSED;
bool fxi_state_is_usable(const struct fxi_state *state);

/*
 * Reads the part as the slot has it, for restore. Gives 0; FX_EINVAL: the slot has no such part; FX_EIO: the part is
 * damaged.
 */
int fxi_part_read(struct fx_state *part, const struct fxi_slot *slot, struct fx_error *err) FX_WARN_UNUSED;
void fxi_part_read_end(struct fx_state *part);
/* The part in the truth can't be used, so the next checkpoint begins it anew. */
void fxi_part_void(struct fx_state *part);

#endif
