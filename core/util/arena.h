/*
 * Memory for texts that live as long as a batch: allocation is a bump, all of it goes at once.
 * One thread at a time. Texts only: what it gives is not aligned.
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

/* limit_bytes: the sum of what may be taken between two resets. Allocates nothing yet. */
void fxi_arena_init(struct fxi_arena *arena, size_t limit_bytes);
void fxi_arena_fini(struct fxi_arena *arena);

/* size bytes, or NULL beyond the limit or without memory. Never NULL for size 0 within the limit. */
char *fxi_arena_alloc(struct fxi_arena *arena, size_t size);

/* Forgets everything that was given; keeps the first chunk for the next batch. */
void fxi_arena_reset(struct fxi_arena *arena);

#endif
