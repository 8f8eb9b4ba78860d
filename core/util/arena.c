/* Chunks of bytes, each filled from its beginning, all released together. Only the owner's thread. */
#include "util/arena.h"

#include <stdlib.h>

#define CHUNK_BYTES ((size_t)64 * 1024)

struct fxi_arena_chunk {
    struct fxi_arena_chunk *next;
    size_t size;
    char data[];
};

void fxi_arena_init(struct fxi_arena *arena, size_t limit_bytes)
{
    *arena = (struct fxi_arena){.limit_bytes = limit_bytes};
}

static void enter_chunk(struct fxi_arena *arena, struct fxi_arena_chunk *chunk)
{
    arena->last = chunk;
    arena->at = chunk->data;
    arena->end = chunk->data + chunk->size;
}

static int add_chunk(struct fxi_arena *arena, size_t size)
{
    if (size < CHUNK_BYTES)
        size = CHUNK_BYTES;
    struct fxi_arena_chunk *chunk = malloc(sizeof *chunk + size);
    if (!chunk)
        return -1;
    chunk->next = NULL;
    chunk->size = size;
    if (arena->last)
        arena->last->next = chunk;
    else
        arena->first = chunk;
    enter_chunk(arena, chunk);
    return 0;
}

char *fxi_arena_alloc(struct fxi_arena *arena, size_t size)
{
    if (size > arena->limit_bytes - arena->taken_bytes)
        return NULL;
    if ((!arena->last || size > (size_t)(arena->end - arena->at)) && add_chunk(arena, size) != 0)
        return NULL;
    char *given = arena->at;
    arena->at += size;
    arena->taken_bytes += size;
    return given;
}

static void free_chunks(struct fxi_arena_chunk *chunk)
{
    while (chunk) {
        struct fxi_arena_chunk *next = chunk->next;
        free(chunk);
        chunk = next;
    }
}

void fxi_arena_reset(struct fxi_arena *arena)
{
    arena->taken_bytes = 0;
    if (!arena->first)
        return;
    free_chunks(arena->first->next);
    arena->first->next = NULL;
    enter_chunk(arena, arena->first);
}

void fxi_arena_fini(struct fxi_arena *arena)
{
    free_chunks(arena->first);
    *arena = (struct fxi_arena){0};
}
