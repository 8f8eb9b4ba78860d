/* Readiness of the program's parts: instances by name, and the core's own parts. */
#ifndef FXI_PIPELINE_READINESS_H
#define FXI_PIPELINE_READINESS_H

#include <pthread.h>

#include <flow-exporter/ready.h>

#include "metrics/metrics.h"

struct fxi_ready_part;

struct fxi_readiness {
    pthread_mutex_t lock;
    struct fxi_ready_part *parts; /* the parts that have ever been not ready */
    unsigned not_ready;
};

void fxi_readiness_init(struct fxi_readiness *readiness);
void fxi_readiness_fini(struct fxi_readiness *readiness);

/* An instance has one part for its own reports, and others for the core's reports about it. */
enum fxi_ready_source {
    FXI_READY_OWN,
    FXI_READY_CORE,
    FXI_READY_BATCH /* about batches; FXI_READY_CORE is about checkpoints */
};

/* name must stay valid. reason NULL: the part is ready. Gives whether this changed. Any thread. */
int fxi_readiness_set(struct fxi_readiness *readiness, enum fxi_ready_source source, const char *name,
                      const char *reason);
unsigned fxi_readiness_visit(struct fxi_readiness *readiness,
                             void (*visit)(void *arg, const char *name, const char *reason), void *arg);

#endif
