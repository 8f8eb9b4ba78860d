/*
 * A slot: the file that describes a checkpoint. It is written last, when everything that it refers to is on the disk.
 *
 *   0     the mark, 32 bytes, written separately once the checkpoint was accepted
 *   512   header, positions and parts, all under one checksum
 *
 * Numbers have the machine's byte order and word size. The header shows if another kind of machine wrote them.
 */
#ifndef FXI_STATE_SLOT_H
#define FXI_STATE_SLOT_H

#include <stdbool.h>

#include <flow-exporter/checkpoint.h>

#include "state/tags.h"

#define FXI_SLOT_BODY 512

/* An output's part of a checkpoint. */
struct fxi_slot_part {
    char *instance, *plugin;
    uint64_t values_size;
    uint64_t log_generation; /* 0: no log */
    uint64_t log_size;       /* how much of the log belongs to this checkpoint */
    uint64_t log_base;       /* the log's size when it was last rewritten */
    uint32_t values_crc, log_crc;
};

/* The position of one stream of an input. The slot owns the texts. */
struct fxi_slot_position {
    char *input;
    char *stream;
    int32_t partition;
    int64_t offset;
};

/* What is at the mark's place in the file. The mark may be sound though the rest of the file is damaged. */
enum fxi_slot_mark { FXI_MARK_NONE, FXI_MARK_SOUND, FXI_MARK_DAMAGED };

struct fxi_slot {
    bool is_valid;
    bool is_accepted;   /* according to the mark; without a mark the inputs' tags decide */
    bool is_unfinished; /* the process died while writing it, so it never became a checkpoint */
    enum fxi_slot_mark mark;
    uint64_t mark_number; /* if the mark is sound */
    unsigned index;
    uint64_t number;
    char identity[FXI_IDENTITY_SIZE + 1];
    int64_t time_ms; /* since 1970 */
    struct fxi_slot_position *positions;
    size_t position_count;
    struct fxi_slot_part *parts;
    size_t part_count;
};

/* The result of reading a slot. */
enum fxi_slot_fault {
    FXI_SLOT_SOUND,
    FXI_SLOT_ABSENT,
    FXI_SLOT_DAMAGED,    /* truncated, or with a wrong checksum */
    FXI_SLOT_UNFINISHED, /* never written to the end, so never committed */
    FXI_SLOT_FOREIGN,    /* of another program, or of another kind of machine */
    FXI_SLOT_OLDER,      /* of an older format; the next one of a newer */
    FXI_SLOT_NEWER,
    FXI_SLOT_UNREADABLE
};

void fxi_slot_fini(struct fxi_slot *slot);
/*
 * Reads checkpoint-INDEX in the directory. After a fault message has a sentence, and the slot has nothing but its mark.
 */
enum fxi_slot_fault fxi_slot_read(int dir_fd, unsigned index, struct fxi_slot *slot, char *message, size_t size);
/* Writes everything but the mark, clears the mark, and syncs. Gives 0 or an errno. */
int fxi_slot_write(int dir_fd, const struct fxi_slot *slot);
/* Writes the mark without syncing; see fxi_slot_sync. Gives 0 or an errno. */
int fxi_slot_mark(int dir_fd, const struct fxi_slot *slot);
int fxi_slot_sync(int dir_fd, unsigned index);
const struct fxi_slot_part *fxi_slot_find(const struct fxi_slot *slot, const char *instance);
/* Marks the slot as unfinished: it was never accepted and never will be. */
void fxi_slot_drop(int dir_fd, struct fxi_slot *slot);
/* Moves a slot to the other index. */
void fxi_slot_move(struct fxi_slot *to, struct fxi_slot *from);

#endif
