/* The structs that the files of this folder share. Only for this folder. */
#ifndef FXI_STATE_PARTS_H
#define FXI_STATE_PARTS_H

#include "state/directory.h"

/* Places in block, block_size and at. */
enum { FXI_PART_VALUES, FXI_PART_LOG };

/* The part of one output. What it writes is collected in blocks. A fault is kept until the end. */
struct fx_state {
    struct fxi_state *state;
    char *instance, *plugin;
    struct fx_state *next;

    /* Between begin and end: what is being written. */
    int values_fd, log_fd; /* -1: not open */
    char *block[2];        /* of values and of the log */
    size_t block_size[2];
    uint64_t at[2]; /* the place of the block in its file */
    int fault;      /* errno */
    bool is_left_out;
    bool is_void;  /* the part in the truth can't be used */
    uint64_t live; /* bytes that are in use in the log, as the output says; 0: unknown */
    struct fxi_slot_part made;

    /* For the next checkpoint. */
    bool wants_rewrite;

    /* During restore: what was read. */
    char *values, *log;
    size_t values_map, log_map;
    const struct fxi_slot_part *read;
    uint64_t log_at;
};

struct fxi_state {
    char *directory;
    int dir_fd, lock_fd; /* -1: the directory was given up */
    char identity[FXI_IDENTITY_SIZE + 1];
    struct fxi_slot slots[2];
    char faults[2][200];
    const struct fxi_slot *truth;
    bool mark_unsynced; /* the mark of the truth */
    struct fx_state *parts;

    unsigned writing; /* the slot of the checkpoint being written */
    uint64_t writing_number;
};

/* Checks that the directory's path still leads to the open folder. Gives 0 or FX_EIO. */
int fxi_state_check(const struct fxi_state *state, struct fx_error *err);
/* Removes both slots. Gives 0, or -1 with errno. */
int fxi_state_forget(struct fxi_state *state);
/* Opens the folder instance-NAME, and makes it if need be. Gives the descriptor or a negative errno. */
int fxi_part_folder_open(const struct fxi_state *state, const char *instance);
/* Ends the writing of a part, if it was begun: its files and blocks are gone. */
void fxi_part_close_files(struct fx_state *part);
void fxi_part_free(struct fx_state *part);
/* Removes old logs. The two generations given are kept: those of the truth and of the slot before it. */
void fxi_part_tidy(const struct fx_state *part, uint64_t keep_a, uint64_t keep_b);

#endif
