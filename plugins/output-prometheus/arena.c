/* Memory for texts. The owner's thread, or under the owner's lock. */
#include "arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)256 * 1024)
#define ALIGN       sizeof(uint32_t)
/* Behind a block's end, so that who copies may take more than there is of the last text. */
#define SLACK PROM_ARENA_SLACK

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

void *prom_arena_alloc(struct prom_arena *arena, size_t size)
{
    size = (size + ALIGN - 1) / ALIGN * ALIGN;
    if (arena->left < size && add_block(arena, size))
        return NULL;
    void *given = arena->at;
    arena->at += size;
    arena->left -= size;
    return given;
}

void prom_arena_fini(struct prom_arena *arena)
{
    for (void *block = arena->blocks, *before; block; block = before) {
        memcpy(&before, block, sizeof before);
        free(block);
    }
    *arena = (struct prom_arena){0};
}
