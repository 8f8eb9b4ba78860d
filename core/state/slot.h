/*
 * A slot: the file that says what a checkpoint is made of. Written last, when
 * all it speaks of is on the disk.
 *
 *   0     the mark, 32 bytes, set by itself once the checkpoint was accepted
 *   512   header, then positions and parts; all of it under one checksum
 *
 * Numbers are the machine's own: a marker in the header tells foreign ones.
 */
#ifndef FXI_STATE_SLOT_H
#define FXI_STATE_SLOT_H

#include <stdbool.h>

#include <flow-exporter/checkpoint.h>

#include "state/tags.h"

#define FXI_SLOT_BODY 512

/* An output's share of a checkpoint. */
struct fxi_slot_part {
    char *instance, *plugin;
    uint64_t values_size;
    uint64_t log_generation; /* 0: there is no log */
    uint64_t log_size;       /* of log_generation: what belongs to this checkpoint */
    uint64_t log_base;       /* its size when it was last written whole */
    uint32_t values_crc, log_crc;
};

/* A stream of an input. Texts are owned by the slot. */
struct fxi_slot_position {
    char *input;
    char *stream;
    int32_t partition;
    int64_t offset;
};

/* What stands in a file's place for the mark, also in a file that is damaged behind it. */
enum fxi_slot_mark { FXI_MARK_NONE, FXI_MARK_SOUND, FXI_MARK_DAMAGED };

struct fxi_slot {
    bool is_valid;
    bool is_accepted;   /* by its mark; without one, inputs know */
    bool is_unfinished; /* its writer died while writing it: it never was a checkpoint */
    enum fxi_slot_mark mark;
    uint64_t mark_number; /* of a sound one */
    unsigned index;
    uint64_t number;
    char identity[FXI_IDENTITY_SIZE + 1];
    int64_t time_ms; /* since 1970 */
    struct fxi_slot_position *positions;
    size_t position_count;
    struct fxi_slot_part *parts;
    size_t part_count;
};

/* What became of reading one. */
enum fxi_slot_fault {
    FXI_SLOT_SOUND,
    FXI_SLOT_ABSENT,
    FXI_SLOT_DAMAGED,    /* short, or its checksum is wrong */
    FXI_SLOT_UNFINISHED, /* nobody committed it */
    FXI_SLOT_FOREIGN,    /* not ours, or of another kind of machine, or of another directory */
    FXI_SLOT_OLDER,      /* formats of other versions */
    FXI_SLOT_NEWER,
    FXI_SLOT_UNREADABLE
};

void fxi_slot_fini(struct fxi_slot *slot);
/* Reads directory/checkpoint-INDEX. A fault fills message with a sentence, and leaves the slot empty but for its mark. */
enum fxi_slot_fault fxi_slot_read(int dir_fd, unsigned index, struct fxi_slot *slot, char *message, size_t size);
/* Writes all but the mark, which it clears, and syncs. 0 or an errno. */
int fxi_slot_write(int dir_fd, const struct fxi_slot *slot);
/* Sets the mark. It is not synced: sync is fxi_slot_sync's. 0 or an errno. */
int fxi_slot_mark(int dir_fd, const struct fxi_slot *slot);
int fxi_slot_sync(int dir_fd, unsigned index);
const struct fxi_slot_part *fxi_slot_find(const struct fxi_slot *slot, const char *instance);
/* It was never accepted and never will be: from now on it counts as unfinished. */
void fxi_slot_drop(int dir_fd, struct fxi_slot *slot);
/* A copy for the other index. */
void fxi_slot_move(struct fxi_slot *to, struct fxi_slot *from);

#endif
