/*
 * Checkpoints: cut, prepare, commit, expose. Everything here runs under
 * pipeline.run, in the checkpoint thread, in a worker inside
 * fx_feed_checkpoint(), or in the main thread at the stop.
 *
 * A commit without an answer leaves the pipeline unsettled: the same
 * checkpoint is asked about again before any new cut is taken.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <stdio.h>
#include <time.h>

#include "pipeline/state.h"
#include "util/alloc.h"
#include "util/clock.h"

#define COMMIT_SLICE_MS 250

/* Gives the time at which the first worker had to stand still: it also waits for the others. */
static int64_t close_gates(struct fxi_pipeline *pipeline)
{
    int64_t start = 0;
    for (unsigned i = 0; i < pipeline->feed_count; i++) {
        pthread_mutex_lock(&pipeline->feeds[i].gate);
        if (i == 0)
            start = fxi_clock_ns();
    }
    return start;
}

static void open_gates(struct fxi_pipeline *pipeline)
{
    for (unsigned i = pipeline->feed_count; i-- > 0;)
        pthread_mutex_unlock(&pipeline->feeds[i].gate);
}

static void note_pause(struct fxi_pipeline *pipeline, int64_t pause_ns)
{
    struct fxi_metric_set *set = pipeline->program_metrics;
    fxi_metric_set_put(set, FXI_PROGRAM_CUT_SECONDS, 0, pause_ns);
    if (pause_ns > fxi_metric_set_get(set, FXI_PROGRAM_CUT_MAX_SECONDS, 0))
        fxi_metric_set_put(set, FXI_PROGRAM_CUT_MAX_SECONDS, 0, pause_ns);
}

static void cut(struct fxi_pipeline *pipeline)
{
    pipeline->number++;
    int64_t start = close_gates(pipeline);
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        if (instance->plugin->cut)
            instance->plugin->cut(instance->self, pipeline->number);
    }
    for (size_t i = 0; i < pipeline->input_count; i++)
        for (struct fx_stream *stream = pipeline->inputs[i].streams; stream; stream = stream->next)
            stream->cut_position = stream->position;
    int64_t pause_ns = fxi_clock_ns() - start;
    open_gates(pipeline);
    note_pause(pipeline, pause_ns);
    fxi_checkpoint_note(pipeline, true);
}

static struct fx_checkpoint describe(const struct fxi_pipeline *pipeline, char *tag, size_t tag_size)
{
    snprintf(tag, tag_size, "%s:%" PRIu64, pipeline->identity, pipeline->number);
    return (struct fx_checkpoint){.number = pipeline->number, .tag = tag};
}

/* Outputs get the positions of all inputs together. */
static void prepare(struct fxi_pipeline *pipeline)
{
    char tag[48];
    struct fx_checkpoint checkpoint = describe(pipeline, tag, sizeof tag);
    struct fx_position *all = NULL;
    for (size_t i = 0; i < pipeline->input_count; i++) {
        const struct fxi_input *input = &pipeline->inputs[i];
        all = fxi_realloc(all, checkpoint.position_count + input->position_count, sizeof *all);
        for (size_t j = 0; j < input->position_count; j++)
            all[checkpoint.position_count++] = input->positions[j];
    }
    checkpoint.positions = all;
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        struct fx_error err = FX_ERROR_INIT;
        if (instance->plugin->prepare && instance->plugin->prepare(instance->self, &checkpoint, &err) < 0) {
            fx_log(instance, FX_LOG_ERROR, "A checkpoint could not be made durable; going on without.",
                   "checkpoint=%" PRIu64 " reason=%s", checkpoint.number, err.message);
            fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_PREPARE_FAILURES, 0, 1);
        }
    }
    free(all);
}

/* Nothing to commit when no stream has moved since, and none is new. */
static bool has_moved(const struct fxi_input *input)
{
    for (const struct fx_stream *stream = input->streams; stream; stream = stream->next)
        if (stream->live && (!stream->committed || stream->cut_position != stream->base_position))
            return true;
    return false;
}

static void list_cut_positions(struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        struct fxi_input *input = &pipeline->inputs[i];
        fxi_input_list_positions(input, false);
        input->settled = !input->instance->plugin->commit || !has_moved(input);
    }
}

/* Asks one input until it knows, or the time is up. */
static enum fx_verdict commit_input(struct fxi_pipeline *pipeline, struct fxi_input *input, int64_t end_ms)
{
    struct fx_instance *instance = input->instance;
    char tag[48];
    struct fx_checkpoint checkpoint = describe(pipeline, tag, sizeof tag);
    checkpoint.positions = input->positions;
    checkpoint.position_count = input->position_count;
    for (;;) {
        struct fx_error err = FX_ERROR_INIT;
        int64_t start = fxi_clock_ms(), left = end_ms - start;
        int timeout_ms = (int)(left < COMMIT_SLICE_MS ? (left > 1 ? left : 1) : COMMIT_SLICE_MS);
        enum fx_verdict verdict = instance->plugin->commit(instance->self, &checkpoint, timeout_ms, &err);
        if (verdict != FX_RETRY && verdict != FX_AGAIN)
            return verdict;
        if (fxi_clock_ms() >= end_ms) {
            fx_log(instance, FX_LOG_WARN, "A commit has no answer yet; the page stays at the last committed cut.",
                   "checkpoint=%" PRIu64 " reason=%s", checkpoint.number, err.message);
            return FX_RETRY;
        }
        if (fxi_clock_ms() - start < timeout_ms / 2) { /* it answered at once: do not spin */
            struct timespec pause = {.tv_nsec = (long)timeout_ms / 2 * 1000000};
            nanosleep(&pause, NULL);
        }
    }
}

static void expose(struct fxi_pipeline *pipeline)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        for (struct fx_stream *stream = pipeline->inputs[i].streams; stream; stream = stream->next) {
            stream->committed = stream->live;
            stream->base_position = stream->cut_position;
        }
    }
    pipeline->committed_number = pipeline->number;
    pipeline->unsettled = false;
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        if (instance->plugin->committed)
            instance->plugin->committed(instance->self, pipeline->number);
    }
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_COMMITTED, 1);
}

static int give_back(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_FENCED, 1);
    fx_log(NULL, FX_LOG_WARN, "A checkpoint was refused: what it counted belongs to somebody else now.",
           "checkpoint=%" PRIu64 " back_to=%" PRIu64, pipeline->number, pipeline->committed_number);
    fxi_rollback(pipeline);
    return fx_error_set(err, FX_EIO, "the checkpoint was refused");
}

/* Brings the checkpoint that was cut to its end, if the inputs answer in time. */
static int settle(struct fxi_pipeline *pipeline, int64_t end_ms, struct fx_error *err)
{
    for (size_t i = 0; i < pipeline->input_count; i++) {
        struct fxi_input *input = &pipeline->inputs[i];
        if (input->settled)
            continue;
        enum fx_verdict verdict = commit_input(pipeline, input, end_ms);
        if (verdict == FX_RETRY) {
            fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_UNANSWERED, 1);
            return fx_error_set(err, FX_ETIMEOUT, "%s did not answer the commit", fx_instance_name(input->instance));
        }
        input->settled = true;
        if (verdict == FX_FENCED)
            return give_back(pipeline, err);
        if (verdict != FX_OK) {
            fxi_pipeline_fail(pipeline);
            return fx_error_set(err, FX_EIO, "%s can't commit", fx_instance_name(input->instance));
        }
    }
    expose(pipeline);
    return 0;
}

int fxi_checkpoint_take(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err)
{
    int64_t end_ms = fxi_clock_ms() + timeout_ms;
    if (pipeline->unsettled) {
        int rc = settle(pipeline, end_ms, err);
        if (rc)
            return rc;
    }
    if (atomic_load(&pipeline->failed) || atomic_load(&pipeline->abandoned))
        return fx_error_set(err, FX_EIO, "a batch was not written whole: nothing more is committed");
    cut(pipeline);
    list_cut_positions(pipeline);
    prepare(pipeline);
    pipeline->unsettled = true;
    int rc = settle(pipeline, end_ms, err);
    fxi_checkpoint_note(pipeline, false);
    return rc;
}
