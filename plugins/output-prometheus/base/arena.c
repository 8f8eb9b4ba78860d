/* Memory for texts. The owner's thread, or under the owner's lock. */
#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)256 * 1024)
#define ALIGN       sizeof(uint32_t)
/* Bytes behind a block's end, so that a caller may copy more than the rest of the last text. */
#define SLACK PROM_ARENA_SLACK

/*
 * Holes are kept by size: a list for each size up to FINE_BYTES, then one list for each range of sizes. Larger ones
 * are lost.
 */
#define FINE_BYTES   ((size_t)1024)
#define COARSE_BYTES ((size_t)256)
#define FINE         (FINE_BYTES / ALIGN)
#define COARSE       ((size_t)320)

struct prom_arena_holes {
    char *lists[FINE + COARSE]; /* each hole begins with the address of the next */
};

static int add_block(struct prom_arena *arena, size_t size)
{
    size_t bytes = size + sizeof(void *) > BLOCK_BYTES ? size + sizeof(void *) : BLOCK_BYTES;
    char *block = malloc(bytes + SLACK);
    if (!block)
        return -1;
    memcpy(block, &arena->blocks, sizeof(void *));
    arena->blocks = block;
    arena->at = block + sizeof(void *);
    arena->left = bytes - sizeof(void *);
    return 0;
}

/* Requests and returns round the same way. A hole has room for an address. */
static size_t round_up(size_t size)
{
    size_t step = size <= FINE_BYTES ? ALIGN : COARSE_BYTES;
    size = (size + step - 1) / step * step;
    return size < sizeof(char *) ? sizeof(char *) : size;
}

static char **list_of(const struct prom_arena *arena, size_t rounded)
{
    size_t index = rounded <= FINE_BYTES ? rounded / ALIGN - 1 : FINE + (rounded - FINE_BYTES) / COARSE_BYTES - 1;
    return arena->holes && index < FINE + COARSE ? &arena->holes->lists[index] : NULL;
}

static char *take_hole(char **list)
{
    char *hole = list ? *list : NULL;
    if (hole)
        memcpy(list, hole, sizeof *list);
    return hole;
}

void *prom_arena_alloc(struct prom_arena *arena, size_t size)
{
    size = round_up(size);
    char *given = take_hole(list_of(arena, size));
    if (given)
        return given;
    if (arena->left < size && add_block(arena, size))
        return NULL;
    given = arena->at;
    arena->at += size;
    arena->left -= size;
    return given;
}

void prom_arena_give(struct prom_arena *arena, void *text, size_t size)
{
    if (!arena->holes)
        arena->holes = calloc(1, sizeof *arena->holes);
    char **list = list_of(arena, round_up(size));
    if (!list)
        return;
    memcpy(text, list, sizeof *list);
    *list = text;
}

void prom_arena_fini(struct prom_arena *arena)
{
    for (void *block = arena->blocks, *before; block; block = before) {
        memcpy(&before, block, sizeof before);
        free(block);
    }
    free(arena->holes);
    *arena = (struct prom_arena){0};
}
