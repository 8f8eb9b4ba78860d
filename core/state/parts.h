/* The structs that the state's files share; nobody outside this folder. */
#ifndef FXI_STATE_PARTS_H
#define FXI_STATE_PARTS_H

#include "state/state.h"

/* An output's part. What is written is gathered in blocks; a fault is kept until the end. */
struct fx_state {
    struct fxi_state *state;
    char *instance, *plugin;
    struct fx_state *next;

    /* Between begin and end: what is written. */
    int values_fd, log_fd; /* -1: not open */
    char *block[2];        /* of values, of the log */
    size_t block_size[2];
    uint64_t at[2]; /* where the block goes in its file */
    int fault;      /* an errno */
    bool is_left_out;
    bool is_void;  /* what the truth has of it can't be used */
    uint64_t live; /* as the output says; 0: it does not */
    struct fxi_slot_part made;

    /* What is asked for when the next checkpoint begins. */
    bool wants_rewrite;

    /* In restore: what was read. */
    char *values, *log;
    size_t values_map, log_map;
    const struct fxi_slot_part *read;
    uint64_t log_at;
};

struct fxi_state {
    char *directory;
    int dir_fd, lock_fd; /* -1: given up */
    char identity[FXI_IDENTITY_SIZE + 1];
    struct fxi_slot slots[2];
    char faults[2][200];
    const struct fxi_slot *truth;
    bool mark_unsynced; /* the truth's */
    struct fx_state *parts;

    unsigned writing; /* the slot of the checkpoint under way */
    uint64_t writing_number;
};

/* Whether the directory's name is still that of the folder that is open. 0 or FX_EIO. */
int fxi_state_check(const struct fxi_state *state, struct fx_error *err);
/* Removes both slots. 0, or -1 with errno. */
int fxi_state_forget(struct fxi_state *state);
/* instance-NAME, made unless it is there. A negative errno. */
int fxi_part_folder_open(const struct fxi_state *state, const char *instance);
void fxi_part_free(struct fx_state *part);
/* Removes logs that neither the truth nor the checkpoint under way speaks of. */
void fxi_part_tidy(const struct fx_state *part, uint64_t keep_a, uint64_t keep_b);

#endif
