/* Readiness. Any thread. The lock guards everything and is held for moments. */
#include "pipeline/readiness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/wiring.h"
#include "util/alloc.h"

struct fxi_ready_part {
    enum fxi_ready_source source;
    const char *name;
    int waits; /* the part is not ready, for this reason */
    char reason[FX_READY_REASON_MAX + 1];
    struct fxi_ready_part *next;
};

void fxi_readiness_init(struct fxi_readiness *readiness)
{
    *readiness = (struct fxi_readiness){.parts = NULL};
    pthread_mutex_init(&readiness->lock, NULL);
}

void fxi_readiness_fini(struct fxi_readiness *readiness)
{
    for (struct fxi_ready_part *part = readiness->parts, *next; part; part = next) {
        next = part->next;
        free(part);
    }
    pthread_mutex_destroy(&readiness->lock);
}

static struct fxi_ready_part *part_of(struct fxi_readiness *readiness, enum fxi_ready_source source, const char *name)
{
    struct fxi_ready_part **at = &readiness->parts;
    while (*at && ((*at)->source != source || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    if (!*at) {
        *at = fxi_calloc(1, sizeof **at);
        (*at)->source = source;
        (*at)->name = name;
    }
    return *at;
}

int fxi_readiness_set(struct fxi_readiness *readiness, enum fxi_ready_source source, const char *name,
                      const char *reason)
{
    pthread_mutex_lock(&readiness->lock);
    struct fxi_ready_part *part = part_of(readiness, source, name);
    char before[sizeof part->reason];
    memcpy(before, part->reason, sizeof before);
    int waited = part->waits;
    part->waits = reason != NULL;
    snprintf(part->reason, sizeof part->reason, "%s", reason ? reason : "");
    readiness->not_ready += (unsigned)part->waits - (unsigned)waited;
    int changed = waited != part->waits || strcmp(before, part->reason) != 0;
    pthread_mutex_unlock(&readiness->lock);
    return changed;
}

unsigned fxi_readiness_visit(struct fxi_readiness *readiness,
                             void (*visit)(void *arg, const char *name, const char *reason), void *arg)
{
    pthread_mutex_lock(&readiness->lock);
    unsigned count = readiness->not_ready;
    for (const struct fxi_ready_part *part = readiness->parts; part && visit; part = part->next)
        if (part->waits)
            visit(arg, part->name, part->reason);
    pthread_mutex_unlock(&readiness->lock);
    return count;
}

void fxi_ready_note(struct fxi_pipeline *pipeline)
{
    unsigned waiting = fxi_readiness_visit(&pipeline->readiness, NULL, NULL);
    fxi_metric_set_put(pipeline->program_metrics, FXI_PROGRAM_READY, 0, waiting == 0);
}

void fx_ready_set(struct fx_instance *instance, const char *reason)
{
    struct fxi_pipeline *pipeline = instance->pipeline;
    if (!fxi_readiness_set(&pipeline->readiness, FXI_READY_OWN, instance->name, reason))
        return;
    fxi_ready_note(pipeline);
    if (instance->may_claim)
        return; /* nothing is ready yet in create, and --check only looks */
    if (reason)
        fx_log(instance, FX_LOG_WARN, "Not ready.", "reason=%s", reason);
    else
        fx_log(instance, FX_LOG_INFO, "Ready.", NULL);
}

/* Visits remarks that an operator should know and that do not make the program unready. */
static void visit_remarks(struct fxi_pipeline *pipeline, void (*visit)(void *arg, const char *name, const char *reason),
                          void *arg)
{
    fxi_calls_tell(pipeline, visit, arg);
    for (size_t i = 0; i < pipeline->input_count; i++)
        fxi_absent_tell(pipeline->inputs[i].absent, visit, arg);
}

unsigned fx_ready_visit(struct fx_instance *instance, void (*visit)(void *arg, const char *name, const char *reason),
                        void *arg)
{
    unsigned count = fxi_readiness_visit(&instance->pipeline->readiness, visit, arg);
    if (visit)
        visit_remarks(instance->pipeline, visit, arg);
    return count;
}

static void add_part(void *arg, const char *name, const char *reason)
{
    struct fxi_str *out = arg;
    fxi_str_printf(out, "%s%s: %s", out->size ? "; " : "", name, reason);
}

unsigned fxi_pipeline_waits(struct fxi_pipeline *pipeline, struct fxi_str *out)
{
    unsigned count = fxi_readiness_visit(&pipeline->readiness, add_part, out);
    visit_remarks(pipeline, add_part, out);
    return count;
}
