/* A batch with what the public struct hides: its capacity and its arena. One worker's. */
#ifndef FXI_PIPELINE_BATCH_H
#define FXI_PIPELINE_BATCH_H

#include <flow-exporter/record.h>

#include "util/arena.h"

struct fxi_batch {
    struct fx_batch public; /* first: plugins hold a pointer to it */
    uint32_t capacity;      /* rows */
    struct fxi_arena arena;
};

void fxi_batch_init(struct fxi_batch *batch, uint32_t capacity, uint32_t width);
void fxi_batch_fini(struct fxi_batch *batch);
/* Forgets rows and texts. */
void fxi_batch_reset(struct fxi_batch *batch);

#endif
