/*
 * The state directory as the pipeline uses it: opened at the start, written by
 * every checkpoint, given up when it fails and tried again. Under pipeline.run,
 * or the main thread at the start.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/state.h"
#include "plugin/calls.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/failpoint.h"

#define REOPEN_MS        1000
#define IDLE_STREAMS_MAX 10000 /* of an input, in a slot; topics that match a pattern come and go */

static void show_state(const struct fxi_pipeline *pipeline, bool is_kept)
{
    fxi_metric_set_put(pipeline->program_metrics, FXI_PROGRAM_STATE_KEPT, 0, is_kept);
}

static bool stops(const struct fxi_pipeline *pipeline)
{
    return pipeline->config->state.on_failure == FXI_STATE_STOP;
}

/*
 * If a configured directory belongs to another process or version, fail. Continue without it only if it was the default.
 */
static int open_failed(const struct fxi_pipeline *pipeline, const char *directory, int rc, bool is_default,
                       struct fx_error *err)
{
    if (stops(pipeline) || (!is_default && rc != FX_EIO))
        return rc;
    fx_log(NULL, FX_LOG_WARN, "Counters are not kept over a restart.", "reason=%s directory=%s", err->message,
           directory);
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_STATE_FAILURES, 0, 1);
    *err = (struct fx_error)FX_ERROR_INIT;
    return 0;
}

static void add_parts(struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->instance_count; i++) {
        struct fx_instance *instance = pipeline->instances[i];
        instance->state_folder = fxi_state_folder_new(pipeline->store, instance->name);
        if (instance->plugin->kind == FX_KIND_OUTPUT && instance->plugin->prepare)
            instance->state = fxi_state_part(pipeline->store, instance->name, instance->plugin->name);
    }
}

int fxi_durable_open(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    bool is_default;
    char *directory = fxi_state_directory(pipeline->config->state.directory, &is_default);
    if (!directory && is_default)
        fx_log(
            NULL, FX_LOG_WARN,
            "Counters are not kept over a restart: set 'state: {directory: ...}', or 'none' to say that this is meant.",
            NULL);
    int rc = directory ? fxi_state_open(&pipeline->store, directory, err) : 0;
    if (rc)
        rc = open_failed(pipeline, directory, rc, is_default, err);
    if (pipeline->store) {
        memcpy(pipeline->identity, fxi_state_identity(pipeline->store), sizeof pipeline->identity);
        fx_log(NULL, FX_LOG_INFO, "Counters are kept in the state directory.", "directory=%s identity=%s", directory,
               pipeline->identity);
        add_parts(pipeline);
        show_state(pipeline, true);
    }
    free(directory);
    return rc;
}

void fxi_durable_look(struct fxi_pipeline *pipeline)
{
    bool is_default;
    char *directory = fxi_state_directory(pipeline->config->state.directory, &is_default);
    for (size_t i = 0; directory && i < pipeline->instance_count; i++)
        pipeline->instances[i]->state_folder = fxi_state_folder_find(directory, pipeline->instances[i]->name);
    free(directory);
}

void fxi_durable_close(struct fxi_pipeline *pipeline)
{
    fxi_state_close(pipeline->store);
    pipeline->store = NULL;
}

/* ---- a checkpoint */

/* Those of all inputs together, for outputs. */
static size_t gather(struct fxi_pipeline *pipeline)
{
    size_t count = 0;
    for (size_t i = 0; i < pipeline->input_count; i++) {
        const struct fxi_input *input = &pipeline->inputs[i];
        pipeline->positions =
            fxi_realloc(pipeline->positions, count + input->position_count + 1, sizeof *pipeline->positions);
        for (size_t j = 0; j < input->position_count; j++)
            pipeline->positions[count++] = input->positions[j];
    }
    return count;
}

/*
 * For the slot: also those of streams that are not assigned (yet). When the source has forgotten where we are, they
 * say it, and the next start knows about whom to ask. Streams are in the order of their making, the newest first.
 */
static size_t gather_known(struct fxi_pipeline *pipeline)
{
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < pipeline->input_count; i++) {
        const struct fxi_input *input = &pipeline->inputs[i];
        size_t idle = 0;
        for (const struct fx_stream *stream = input->streams; stream; stream = stream->next) {
            if (!stream->live && (!stream->is_kept || ++idle > IDLE_STREAMS_MAX))
                continue;
            if (count == capacity) {
                capacity = capacity ? capacity * 2 : 64;
                pipeline->slot_positions =
                    fxi_realloc(pipeline->slot_positions, capacity, sizeof *pipeline->slot_positions);
            }
            pipeline->slot_positions[count++] =
                (struct fxi_slot_position){.input = (char *)(uintptr_t)input->instance->name,
                                           .stream = stream->name,
                                           .partition = stream->partition,
                                           .offset = stream->cut_position};
        }
    }
    return count;
}

static int prepare_output(const struct fxi_pipeline *pipeline, struct fx_instance *instance,
                          const struct fx_checkpoint *checkpoint)
{
    struct fx_error err = FX_ERROR_INIT;
    if (!instance->plugin->prepare)
        return 0;
    struct fxi_call before = fxi_call_begin(instance, "prepare", 0);
    int rc = instance->plugin->prepare(instance->self, checkpoint, &err);
    fxi_call_end(before);
    if (rc < 0) {
        fx_log(instance, FX_LOG_ERROR, "A checkpoint could not be made durable; continuing without it.",
               "checkpoint=%" PRIu64 " reason=%s", checkpoint->number, err.message);
        fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_PREPARE_FAILURES, 0, 1);
    }
    return rc;
}

/* *prepared: how many outputs have been asked, whatever came of it. */
static int write_all(struct fxi_pipeline *pipeline, struct fx_checkpoint *checkpoint, size_t *prepared,
                     struct fx_error *err)
{
    int rc = fxi_state_begin(pipeline->store, pipeline->number, err);
    pipeline->doubtful = NULL; /* its slot is being overwritten */
    for (size_t i = 0; i < pipeline->output_count && !rc; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        struct fx_state *part = instance->state;
        checkpoint->state = part;
        checkpoint->rewrite_log = 0;
        if (part)
            rc = fxi_part_begin(part, &checkpoint->rewrite_log, err);
        if (rc)
            break;
        *prepared = i + 1;
        if (prepare_output(pipeline, instance, checkpoint) < 0 && part)
            fxi_part_leave_out(part);
        if (part)
            rc = fxi_part_end(part, err);
    }
    fxi_failpoint("outputs-prepared");
    if (rc)
        return rc;
    size_t count = gather_known(pipeline);
    return fxi_state_finish(pipeline->store, pipeline->slot_positions, count, err);
}

/* The directory fails: what it holds is no longer the truth once the next commit is accepted. */
static void give_up(struct fxi_pipeline *pipeline, const struct fx_error *err)
{
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_STATE_FAILURES, 0, 1);
    bool had_it = fxi_state_is_usable(pipeline->store);
    if (had_it)
        fx_log(NULL, FX_LOG_ERROR,
               stops(pipeline) ? "State can't be written: stopping, as 'state: {on_failure: stop}' says."
                               : "State can't be written; continuing without it. A restart would begin at zero.",
               "reason=%s", err->message);
    show_state(pipeline, false);
    if (stops(pipeline)) {
        fxi_pipeline_fail(pipeline);
        return;
    }
    fxi_state_invalidate(pipeline->store);
    pipeline->doubtful = NULL;
    pipeline->store_retry_ms = fxi_clock_ms() + REOPEN_MS;
}

static bool has_directory(struct fxi_pipeline *pipeline)
{
    if (!pipeline->store || fxi_state_is_usable(pipeline->store))
        return pipeline->store != NULL;
    if (fxi_clock_ms() < pipeline->store_retry_ms)
        return false;
    struct fx_error err = FX_ERROR_INIT;
    unsigned suppressed;
    if (fxi_state_reopen(pipeline->store, &err)) {
        if (fx_log_allowed(&pipeline->store_limit, &suppressed))
            fx_log(NULL, FX_LOG_WARN, "State still can't be kept.", "reason=%s suppressed=%u", err.message, suppressed);
        pipeline->store_retry_ms = fxi_clock_ms() + REOPEN_MS;
        return false;
    }
    return true;
}

int fxi_durable_prepare(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    char tag[FXI_TAG_BYTES];
    struct fx_checkpoint checkpoint;
    struct fx_error why = FX_ERROR_INIT;
    size_t prepared = 0;
    bool was_kept = pipeline->store && fxi_state_is_usable(pipeline->store);
    pipeline->durable = has_directory(pipeline);
    fxi_checkpoint_describe(pipeline, tag, &checkpoint);
    checkpoint.position_count = gather(pipeline);
    checkpoint.positions = pipeline->positions;
    struct fxi_call before = fxi_call_begin(NULL, "write state", 0); /* the disk can stand still */
    int rc = pipeline->durable ? write_all(pipeline, &checkpoint, &prepared, &why) : 0;
    fxi_call_end(before);
    if (pipeline->durable && rc) {
        pipeline->durable = false;
        give_up(pipeline, &why);
    } else if (pipeline->durable) {
        show_state(pipeline, true);
        pipeline->doubtful = fxi_state_written(pipeline->store);
        if (!was_kept)
            fx_log(NULL, FX_LOG_INFO, "State is kept again.", NULL);
    }
    checkpoint.state = NULL;
    checkpoint.rewrite_log = 0;
    bool failed = atomic_load(&pipeline->failed);
    for (size_t i = prepared; i < pipeline->output_count && !failed; i++)
        prepare_output(pipeline, pipeline->outputs[i].instance, &checkpoint);
    return failed ? fx_error_set(err, FX_EIO, "state can't be written: %s", why.message) : 0;
}
