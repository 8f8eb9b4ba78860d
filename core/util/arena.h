/*
 * Memory for texts that live as long as a batch. An allocation only advances a pointer; all memory is released at once.
 * One thread at a time. For texts only: the memory is not aligned.
 */
#ifndef FXI_UTIL_ARENA_H
#define FXI_UTIL_ARENA_H

#include <stddef.h>

struct fxi_arena_chunk;

struct fxi_arena {
    struct fxi_arena_chunk *first, *last;
    char *at, *end; /* free bytes of the last chunk */
    size_t taken_bytes, limit_bytes;
};

/* limit_bytes: the most that may be allocated between two resets. Nothing is allocated yet. */
void fxi_arena_init(struct fxi_arena *arena, size_t limit_bytes);
void fxi_arena_fini(struct fxi_arena *arena);

/* Gives size bytes, or NULL beyond the limit or without memory. Never NULL for size 0. */
char *fxi_arena_alloc(struct fxi_arena *arena, size_t size);

/* Releases everything that was allocated. The first chunk is kept for the next batch. */
void fxi_arena_reset(struct fxi_arena *arena);

#endif
