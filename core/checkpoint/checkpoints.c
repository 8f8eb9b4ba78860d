#include "checkpoint/checkpoints.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "checkpoint/inside.h"
#include "util/alloc.h"
#include "util/clock.h"

/* Makes an identity for the tags of this process's commits. */
static void make_identity(struct fxi_checkpoints *checkpoints)
{
    uint64_t random; /* a state directory replaces it by its own */
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
        random = (uint64_t)getpid();
    snprintf(checkpoints->identity, sizeof checkpoints->identity, "%016llx", (unsigned long long)random);
}

static void init_locks(struct fxi_checkpoints *checkpoints)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&checkpoints->run, NULL);
    pthread_mutex_init(&checkpoints->requests.lock, NULL);
    pthread_cond_init(&checkpoints->requests.woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

struct fxi_checkpoints *fxi_checkpoints_new(const struct fxi_config *config, struct fxi_end *end,
                                            struct fxi_metric_set *metrics, const struct fxi_checkpoint_hooks *hooks)
{
    struct fxi_checkpoints *checkpoints = fxi_calloc(1, sizeof *checkpoints);
    checkpoints->config = config;
    checkpoints->end = end;
    checkpoints->metrics = metrics;
    checkpoints->hooks = *hooks;
    init_locks(checkpoints);
    make_identity(checkpoints);
    return checkpoints;
}

void fxi_checkpoints_free(struct fxi_checkpoints *checkpoints)
{
    if (!checkpoints)
        return;
    fxi_state_close(checkpoints->store);
    free(checkpoints->positions);
    free(checkpoints->slot_positions);
    free(checkpoints->instances);
    free(checkpoints->outputs);
    free(checkpoints->sources);
    free(checkpoints->gates);
    pthread_mutex_destroy(&checkpoints->run);
    pthread_mutex_destroy(&checkpoints->requests.lock);
    pthread_cond_destroy(&checkpoints->requests.woken);
    free(checkpoints);
}

/* ---- setting up */

void fxi_checkpoints_add_instance(struct fxi_checkpoints *checkpoints, struct fx_instance *instance)
{
    size_t count = checkpoints->instance_count;
    checkpoints->instances = fxi_realloc(checkpoints->instances, count + 1, sizeof *checkpoints->instances);
    checkpoints->instances[checkpoints->instance_count++] = instance;
    if (instance->plugin->kind != FX_KIND_OUTPUT)
        return;
    count = checkpoints->output_count;
    checkpoints->outputs = fxi_realloc(checkpoints->outputs, count + 1, sizeof *checkpoints->outputs);
    checkpoints->outputs[checkpoints->output_count++] = instance;
}

void fxi_checkpoints_add_source(struct fxi_checkpoints *checkpoints, struct fxi_source *source)
{
    size_t count = checkpoints->source_count;
    checkpoints->sources = fxi_realloc(checkpoints->sources, count + 1, sizeof *checkpoints->sources);
    checkpoints->sources[checkpoints->source_count++] = source;
}

void fxi_checkpoints_add_gate(struct fxi_checkpoints *checkpoints, pthread_mutex_t *gate)
{
    size_t count = checkpoints->gate_count;
    checkpoints->gates = fxi_realloc(checkpoints->gates, count + 1, sizeof *checkpoints->gates);
    checkpoints->gates[checkpoints->gate_count++] = gate;
}

/* ---- for other folders */

void fxi_checkpoints_hold(struct fxi_checkpoints *checkpoints)
{
    atomic_fetch_add(&checkpoints->waiting, 1);
    pthread_mutex_lock(&checkpoints->run);
    atomic_fetch_sub(&checkpoints->waiting, 1);
}

void fxi_checkpoints_release(struct fxi_checkpoints *checkpoints)
{
    pthread_mutex_unlock(&checkpoints->run);
}

bool fxi_checkpoints_has_loose(const struct fxi_checkpoints *checkpoints, const struct fx_stream *stream)
{
    const struct fxi_progress *progress = &checkpoints->progress;
    int64_t safe = progress->unsettled ? stream->cut_position : stream->base_position;
    return stream->live && stream->source->instance->plugin->commit && stream->position != safe && !progress->is_void;
}

void fxi_checkpoints_note_count(struct fxi_checkpoints *checkpoints)
{
    fxi_progress_note_count(&checkpoints->progress);
}

void fxi_checkpoints_abandon(struct fxi_checkpoints *checkpoints)
{
    fxi_progress_abandon(&checkpoints->progress);
}

void fxi_checkpoints_note_records(struct fxi_checkpoints *checkpoints, int64_t records)
{
    int64_t now = fxi_progress_note_records(&checkpoints->progress, records);
    int64_t soon = checkpoints->config->pipeline.max_uncommitted / 2;
    if (now >= soon && now - records < soon) /* a high rate alone makes no worker wait */
        fxi_checkpoints_want(checkpoints);
}

bool fxi_checkpoints_may_read(struct fxi_checkpoints *checkpoints)
{
    return fxi_progress_uncommitted(&checkpoints->progress) < checkpoints->config->pipeline.max_uncommitted;
}

void fxi_checkpoints_note_wait(struct fxi_checkpoints *checkpoints)
{
    unsigned suppressed;
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_UNCOMMITTED_WAITS, 0, 1);
    if (fx_log_allowed(&checkpoints->wait_limit, &suppressed))
        fx_log(NULL, FX_LOG_WARN, "Reading waits: too many records are not committed yet.",
               "records=%" PRId64 " suppressed=%u", fxi_progress_uncommitted(&checkpoints->progress), suppressed);
    fxi_checkpoints_want(checkpoints);
}

bool fxi_checkpoints_is_behind(const struct fxi_checkpoints *checkpoints)
{
    return atomic_load(&checkpoints->progress.is_dirty) || atomic_load(&checkpoints->progress.is_owed);
}

void fxi_checkpoints_note_age(struct fxi_checkpoints *checkpoints)
{
    int64_t age_ms = fxi_clock_ms() - atomic_load(&checkpoints->progress.committed_ms);
    fxi_metric_set_put(checkpoints->metrics, FXI_CHECKPOINT_AGE, 0, age_ms * 1000000);
    fxi_metric_set_put(checkpoints->metrics, FXI_CHECKPOINT_UNCOMMITTED, 0,
                       fxi_progress_uncommitted(&checkpoints->progress));
}

void fxi_checkpoint_describe(const struct fxi_checkpoints *checkpoints, char tag[FXI_TAG_BYTES],
                             struct fx_checkpoint *checkpoint)
{
    fxi_tag_print(tag, checkpoints->identity, checkpoints->progress.durable, checkpoints->progress.number);
    *checkpoint = (struct fx_checkpoint){.number = checkpoints->progress.number,
                                         .identity = checkpoints->identity,
                                         .tag = tag,
                                         .durable = checkpoints->progress.durable};
}
