/* A batch with what the public struct hides: its capacity, its arena, the rows that a filter drops. One worker's. */
#ifndef FXI_PIPELINE_BATCH_H
#define FXI_PIPELINE_BATCH_H

#include <flow-exporter/record.h>

#include "util/arena.h"

struct fxi_batch {
    struct fx_batch public; /* first, since plugins have a pointer to it */
    uint32_t capacity;      /* rows */
    struct fxi_arena arena;
    unsigned char *dropped; /* a bit for each row; all 0 while drop_count is 0 */
    uint32_t drop_count;
};

void fxi_batch_init(struct fxi_batch *batch, uint32_t capacity, uint32_t width);
void fxi_batch_fini(struct fxi_batch *batch);
/* Drops all rows and texts. */
void fxi_batch_reset(struct fxi_batch *batch);
/* Removes the rows that were dropped; the others keep their order. Gives the number of those removed. */
uint32_t fxi_batch_sweep(struct fxi_batch *batch);
/* Forgets that rows were dropped. */
void fxi_batch_keep(struct fxi_batch *batch);

#endif
