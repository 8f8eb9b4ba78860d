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
#include <time.h>

#include "pipeline/reject.h"
#include "pipeline/state.h"
#include "plugin/calls.h"
#include "util/clock.h"
#include "util/failpoint.h"

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

static void observe(const struct fxi_pipeline *pipeline, enum fxi_checkpoint_step step, int64_t start_ns)
{
    fxi_metric_set_observe(pipeline->program_metrics, FXI_PROGRAM_STEP_SECONDS, step,
                           (double)(fxi_clock_ns() - start_ns) / 1e9);
}

static bool cut_output(struct fxi_pipeline *pipeline, struct fx_instance *instance)
{
    if (!instance->plugin->cut)
        return true;
    struct fxi_call before = fxi_call_begin(instance, "cut", 0);
    int rc = instance->plugin->cut(instance->self, pipeline->number);
    fxi_call_end(before);
    return rc >= 0;
}

/* An output that can't copy its values would show old ones for new positions: then there is no checkpoint at all. */
static int cut(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    const struct fx_instance *failed = NULL;
    pipeline->number++;
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        struct fxi_call before = fxi_call_begin(instance, "before_cut", 0);
        if (instance->plugin->before_cut)
            instance->plugin->before_cut(instance->self);
        fxi_call_end(before);
    }
    int64_t start = close_gates(pipeline);
    atomic_store(&pipeline->is_owed, true);
    atomic_store(&pipeline->is_dirty, false);
    for (size_t i = 0; i < pipeline->output_count && !failed; i++)
        if (!cut_output(pipeline, pipeline->outputs[i].instance))
            failed = pipeline->outputs[i].instance;
    for (size_t i = 0; i < pipeline->input_count; i++)
        for (struct fx_stream *stream = pipeline->inputs[i].streams; stream; stream = stream->next)
            stream->cut_position = stream->position, stream->is_cut = stream->live;
    int64_t pause_ns = fxi_clock_ns() - start;
    open_gates(pipeline);
    note_pause(pipeline, pause_ns);
    observe(pipeline, FXI_STEP_CUT, start);
    fxi_checkpoint_note(pipeline, true);
    if (!failed)
        return 0;
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_NOT_CUT, 1);
    fx_log(failed, FX_LOG_ERROR, "A cut found no memory; the page stays at the last committed one.",
           "checkpoint=%" PRIu64, pipeline->number);
    return fx_error_set(err, FX_ENOMEM, "%s found no memory for a cut", fx_instance_name(failed));
}

void fxi_checkpoint_describe(const struct fxi_pipeline *pipeline, char tag[FXI_TAG_BYTES],
                             struct fx_checkpoint *checkpoint)
{
    fxi_tag_print(tag, pipeline->identity, pipeline->durable, pipeline->number);
    *checkpoint = (struct fx_checkpoint){.number = pipeline->number, .tag = tag};
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

static enum fx_verdict ask_input(struct fxi_pipeline *pipeline, struct fxi_input *input, int timeout_ms,
                                 struct fx_error *err)
{
    struct fx_instance *instance = input->instance;
    char tag[FXI_TAG_BYTES];
    struct fx_checkpoint checkpoint;
    fxi_checkpoint_describe(pipeline, tag, &checkpoint);
    checkpoint.positions = input->positions;
    checkpoint.position_count = input->position_count;
    int64_t start = fxi_clock_ms();
    struct fxi_call before = fxi_call_begin(instance, "commit", 0);
    enum fx_verdict verdict = instance->plugin->commit(instance->self, &checkpoint, timeout_ms, err);
    fxi_call_end(before);
    fxi_failpoint("commit-asked");
    if (verdict == FX_AGAIN)
        verdict = FX_RETRY;
    if (verdict == FX_RETRY && fxi_clock_ms() - start < timeout_ms / 2) { /* it answered at once: do not spin */
        struct timespec pause = {.tv_nsec = (long)timeout_ms / 2 * 1000000};
        nanosleep(&pause, NULL);
    }
    return verdict;
}

/* The disk can stand still. */
static void mark(struct fxi_pipeline *pipeline)
{
    struct fxi_call before = fxi_call_begin(NULL, "mark state", 0);
    if (pipeline->durable)
        fxi_state_accept(pipeline->store);
    fxi_call_end(before);
}

static void expose(struct fxi_pipeline *pipeline)
{
    observe(pipeline, FXI_STEP_COMMIT, pipeline->asked_ns);
    int64_t start = fxi_clock_ns();
    fxi_failpoint("accepted");
    mark(pipeline);
    pipeline->doubtful = NULL;
    fxi_failpoint("marked");
    for (size_t i = 0; i < pipeline->input_count; i++) {
        for (struct fx_stream *stream = pipeline->inputs[i].streams; stream; stream = stream->next) {
            stream->committed = stream->live && (stream->committed || stream->is_cut);
            stream->is_kept = stream->is_kept || stream->is_cut;
            stream->base_position = stream->cut_position;
        }
    }
    pipeline->committed_number = pipeline->number;
    pipeline->unsettled = false;
    atomic_store(&pipeline->is_owed, false);
    for (size_t i = 0; i < pipeline->output_count; i++) {
        struct fx_instance *instance = pipeline->outputs[i].instance;
        struct fxi_call before = fxi_call_begin(instance, "committed", 0);
        if (instance->plugin->committed)
            instance->plugin->committed(instance->self, pipeline->number);
        fxi_call_end(before);
    }
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_COMMITTED, 1);
    atomic_store(&pipeline->committed_ms, fxi_clock_ms());
    observe(pipeline, FXI_STEP_EXPOSE, start);
    fxi_failpoint("exposed");
}

static int give_back(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_FENCED, 1);
    fx_log(NULL, FX_LOG_WARN, "A checkpoint was refused: other instances have its partitions now.",
           "checkpoint=%" PRIu64 " back_to=%" PRIu64, pipeline->number, pipeline->committed_number);
    fxi_rollback(pipeline);
    return fx_error_set(err, FX_EIO, "the checkpoint was refused");
}

static int stay_unsettled(struct fxi_pipeline *pipeline, const struct fxi_input *input, const struct fx_error *why,
                          struct fx_error *err)
{
    fxi_metric_set_add(pipeline->program_metrics, FXI_PROGRAM_CHECKPOINTS, FXI_CHECKPOINT_UNANSWERED, 1);
    unsigned suppressed;
    if (fx_log_allowed(&pipeline->commit_limit, &suppressed))
        fx_log(input->instance, FX_LOG_WARN, "A commit has no answer yet; the page stays at the last committed cut.",
               "checkpoint=%" PRIu64 " reason=%s suppressed=%u", pipeline->number, why->message, suppressed);
    return fx_error_set(err, FX_ETIMEOUT, "%s did not answer the commit", fx_instance_name(input->instance));
}

/*
 * Brings the checkpoint that was cut to its end, if the inputs answer in time. All are asked in turn, each at least once
 * before anybody can give streams away: a commit that is first asked later could speak of streams that have moved.
 */
static int settle(struct fxi_pipeline *pipeline, int64_t end_ms, struct fx_error *err)
{
    for (;;) {
        const struct fxi_input *waiting = NULL;
        struct fx_error why = FX_ERROR_INIT;
        bool refused = false;
        for (size_t i = 0; i < pipeline->input_count; i++) {
            struct fxi_input *input = &pipeline->inputs[i];
            if (input->settled)
                continue;
            int64_t left = end_ms - fxi_clock_ms();
            int timeout_ms = (int)(left < COMMIT_SLICE_MS ? (left > 1 ? left : 1) : COMMIT_SLICE_MS);
            enum fx_verdict verdict = ask_input(pipeline, input, timeout_ms, &why);
            input->settled = verdict != FX_RETRY;
            if (verdict == FX_RETRY) {
                waiting = input;
            } else if (verdict == FX_FENCED) {
                refused = true;
            } else if (verdict != FX_OK) {
                fxi_pipeline_fail(pipeline);
                return fx_error_set(err, FX_EIO, "%s can't commit", fx_instance_name(input->instance));
            }
        }
        if (refused)
            return give_back(pipeline, err);
        if (!waiting)
            break;
        if (fxi_clock_ms() >= end_ms)
            return stay_unsettled(pipeline, waiting, &why, err);
    }
    expose(pipeline);
    if (pipeline->is_void)
        fxi_rollback(pipeline);
    return 0;
}

void fxi_checkpoint_void(struct fxi_pipeline *pipeline, int timeout_ms)
{
    struct fx_error err = FX_ERROR_INIT;
    pipeline->is_void = true;
    if (pipeline->unsettled && settle(pipeline, fxi_clock_ms() + timeout_ms, &err))
        fx_log(NULL, FX_LOG_DEBUG, "Rollback postponed until the pending commit is answered.", "reason=%s",
               err.message);
    if (pipeline->is_void && !pipeline->unsettled)
        fxi_rollback(pipeline);
}

int fxi_checkpoint_take(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err)
{
    int64_t end_ms = fxi_clock_ms() + timeout_ms;
    if (!atomic_load(&pipeline->recovered))
        return fx_error_set(err, FX_EIO, "what was counted before is not known yet");
    if (pipeline->unsettled) {
        int rc = settle(pipeline, end_ms, err);
        if (rc)
            return rc;
    }
    int rc = fxi_recovery_resolve(pipeline, timeout_ms, err);
    if (rc)
        return rc;
    if (atomic_load(&pipeline->failed) || atomic_load(&pipeline->abandoned))
        return fx_error_set(err, FX_EIO, "a batch was not written whole: nothing more is committed");
    fxi_failpoint("cut");
    rc = cut(pipeline, err);
    if (!rc && (atomic_load(&pipeline->failed) || atomic_load(&pipeline->abandoned))) /* until the gates were closed */
        rc = fx_error_set(err, FX_EIO, "a batch was not written whole: nothing more is committed");
    if (!rc) /* what was rejected before the cut is kept before the cut counts; the cut is void otherwise */
        rc = fxi_reject_store(pipeline, timeout_ms, err);
    if (rc)
        return rc;
    list_cut_positions(pipeline);
    fxi_failpoint("prepare");
    int64_t start = fxi_clock_ns();
    rc = fxi_durable_prepare(pipeline, err);
    if (rc)
        return rc;
    observe(pipeline, FXI_STEP_PREPARE, start);
    fxi_failpoint("commit");
    pipeline->unsettled = true;
    pipeline->asked_ns = fxi_clock_ns();
    rc = settle(pipeline, end_ms, err);
    fxi_checkpoint_note(pipeline, false);
    return rc;
}
