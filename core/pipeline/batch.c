/* Batches: rows, and memory for their texts. Only the worker's thread. */
#include "pipeline/batch.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/alloc.h"

/* A batch is passed on once its texts exceed BATCH_TEXT_BYTES (feed.c), so only one payload can go beyond that. */
#define ARENA_LIMIT ((size_t)1 << 30)

void fxi_batch_init(struct fxi_batch *batch, uint32_t capacity, uint32_t width)
{
    *batch = (struct fxi_batch){.public.width = width, .capacity = capacity};
    /* One row more than the capacity, since a record can become two (mapping.h). */
    batch->public.values = fxi_calloc(((size_t)capacity + 1) * (width ? width : 1), sizeof *batch->public.values);
    batch->dropped = fxi_calloc(capacity / 8 + 1, 1);
    fxi_arena_init(&batch->arena, ARENA_LIMIT);
}

void fxi_batch_fini(struct fxi_batch *batch)
{
    free(batch->public.values);
    free(batch->dropped);
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

static bool is_dropped(const struct fxi_batch *batch, uint32_t row)
{
    return batch->dropped[row / 8] >> row % 8 & 1;
}

void fx_batch_drop(struct fx_batch *public, uint32_t row)
{
    struct fxi_batch *batch = (struct fxi_batch *)public;
    if (row >= public->rows || is_dropped(batch, row))
        return;
    batch->dropped[row / 8] |= (unsigned char)(1 << row % 8);
    batch->drop_count++;
}

void fxi_batch_keep(struct fxi_batch *batch)
{
    if (batch->drop_count)
        memset(batch->dropped, 0, batch->capacity / 8 + 1);
    batch->drop_count = 0;
}

uint32_t fxi_batch_sweep(struct fxi_batch *batch)
{
    uint32_t count = batch->drop_count, kept = 0;
    if (!count)
        return 0;
    for (uint32_t i = 0; i < batch->public.rows; i++) {
        if (is_dropped(batch, i))
            continue;
        if (kept != i)
            memcpy(fx_batch_row(&batch->public, kept), fx_batch_row(&batch->public, i),
                   batch->public.width * sizeof *batch->public.values);
        kept++;
    }
    batch->public.rows = kept;
    fxi_batch_keep(batch);
    return count;
}
