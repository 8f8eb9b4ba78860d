/* Batches: rows and the memory of their texts. The worker's thread. */
#include "pipeline/batch.h"

#include <stdlib.h>

#include "util/alloc.h"

/* A batch is given on when its texts reach FXI_BATCH_TEXT (feed.c), so that only one payload can go beyond. */
#define ARENA_LIMIT ((size_t)1 << 30)

void fxi_batch_init(struct fxi_batch *batch, uint32_t capacity, uint32_t width)
{
    *batch = (struct fxi_batch){.public.width = width, .capacity = capacity};
    /* One row more than the capacity: a record can become two (mapping.h). */
    batch->public.values = fxi_calloc(((size_t)capacity + 1) * (width ? width : 1), sizeof *batch->public.values);
    fxi_arena_init(&batch->arena, ARENA_LIMIT);
}

void fxi_batch_fini(struct fxi_batch *batch)
{
    free(batch->public.values);
    fxi_arena_fini(&batch->arena);
}

void fxi_batch_reset(struct fxi_batch *batch)
{
    batch->public.rows = 0;
    fxi_arena_reset(&batch->arena);
}

char *fx_batch_alloc(struct fx_batch *batch, size_t size)
{
    return fxi_arena_alloc(&((struct fxi_batch *)batch)->arena, size);
}
