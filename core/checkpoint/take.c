/*
 * The steps of a checkpoint: cut, prepare, commit, expose. All of this holds run. It happens in the checkpoint thread,
 * in a worker inside fx_feed_checkpoint(), or in the main thread at the stop.
 *
 * Without an answer to its commit, the checkpoint stays unsettled. It is asked about again before any new cut is taken.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/clock.h"
#include "util/failpoint.h"

#define COMMIT_SLICE_MS 250

/* Gives the time at which the first worker had to wait. That worker also waits for the others. */
static int64_t close_gates(struct fxi_checkpoints *checkpoints)
{
    int64_t start = 0;
    for (size_t i = 0; i < checkpoints->gate_count; i++) {
        pthread_mutex_lock(checkpoints->gates[i]);
        if (i == 0)
            start = fxi_clock_ns();
    }
    return start;
}

static void open_gates(struct fxi_checkpoints *checkpoints)
{
    for (size_t i = checkpoints->gate_count; i-- > 0;)
        pthread_mutex_unlock(checkpoints->gates[i]);
}

static void note_pause(struct fxi_checkpoints *checkpoints, int64_t pause_ns)
{
    struct fxi_metric_set *set = checkpoints->metrics;
    fxi_metric_set_put(set, FXI_CHECKPOINT_CUT_SECONDS, 0, pause_ns);
    if (pause_ns > fxi_metric_set_get(set, FXI_CHECKPOINT_CUT_MAX_SECONDS, 0))
        fxi_metric_set_put(set, FXI_CHECKPOINT_CUT_MAX_SECONDS, 0, pause_ns);
}

static void observe(const struct fxi_checkpoints *checkpoints, enum fxi_checkpoint_step step, int64_t start_ns)
{
    fxi_metric_set_observe(checkpoints->metrics, FXI_CHECKPOINT_STEP_SECONDS, step,
                           (double)(fxi_clock_ns() - start_ns) / 1e9);
}

static bool cut_output(struct fxi_checkpoints *checkpoints, struct fx_instance *instance, struct fx_error *err)
{
    if (!instance->plugin->cut)
        return true;
    struct fxi_call before = fxi_call_begin(instance, "cut", 0);
    int rc = instance->plugin->cut(instance->self, checkpoints->progress.number, err);
    fxi_call_end(before);
    return rc >= 0;
}

/* If an output can't copy its values, it would show old values with new positions. So no checkpoint is taken then. */
static int cut(struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    const struct fx_instance *failed = NULL;
    struct fx_error why = FX_ERROR_INIT;
    fxi_progress_next(&checkpoints->progress);
    for (size_t i = 0; i < checkpoints->output_count; i++) {
        struct fx_instance *instance = checkpoints->outputs[i];
        struct fxi_call before = fxi_call_begin(instance, "before_cut", 0);
        if (instance->plugin->before_cut)
            instance->plugin->before_cut(instance->self);
        fxi_call_end(before);
    }
    int64_t start = close_gates(checkpoints);
    fxi_progress_cut(&checkpoints->progress);
    for (size_t i = 0; i < checkpoints->output_count && !failed; i++)
        if (!cut_output(checkpoints, checkpoints->outputs[i], &why))
            failed = checkpoints->outputs[i];
    for (size_t i = 0; i < checkpoints->source_count; i++)
        for (struct fx_stream *stream = checkpoints->sources[i]->streams; stream; stream = stream->next)
            stream->cut_position = stream->position, stream->is_cut = stream->live;
    int64_t pause_ns = fxi_clock_ns() - start;
    open_gates(checkpoints);
    note_pause(checkpoints, pause_ns);
    observe(checkpoints, FXI_STEP_CUT, start);
    fxi_requests_note(checkpoints, true);
    if (!failed)
        return 0;
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_RESULTS, FXI_CHECKPOINT_NOT_CUT, 1);
    const char *reason = why.message[0] ? why.message : "it gave no reason";
    fx_log(failed, FX_LOG_ERROR, "The output could not make a cut; pages stay at the last committed one.",
           "checkpoint=%" PRIu64 " reason=%s", checkpoints->progress.number, reason);
    return fx_error_set(err, why.code ? why.code : FX_EIO, "%s could not make a cut: %s", fx_instance_name(failed),
                        reason);
}

/* If no stream has moved since the last commit and none is new, there is nothing to commit. */
static bool has_moved(const struct fxi_source *source)
{
    for (const struct fx_stream *stream = source->streams; stream; stream = stream->next)
        if (stream->live && (!stream->committed || stream->cut_position != stream->base_position))
            return true;
    return false;
}

static void list_cut_positions(struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        struct fxi_source *source = checkpoints->sources[i];
        fxi_source_list_cut(source);
        source->settled = !source->instance->plugin->commit || !has_moved(source);
    }
}

static enum fx_verdict ask_source(struct fxi_checkpoints *checkpoints, struct fxi_source *source, int timeout_ms,
                                  struct fx_error *err)
{
    struct fx_instance *instance = source->instance;
    char tag[FXI_TAG_BYTES];
    struct fx_checkpoint checkpoint;
    fxi_checkpoint_describe(checkpoints, tag, &checkpoint);
    checkpoint.positions = source->positions;
    checkpoint.position_count = source->position_count;
    int64_t start = fxi_clock_ms();
    struct fxi_call before = fxi_call_begin(instance, "commit", 0);
    enum fx_verdict verdict = instance->plugin->commit(instance->self, &checkpoint, timeout_ms, err);
    fxi_call_end(before);
    fxi_failpoint("commit-asked");
    if (verdict == FX_AGAIN)
        verdict = FX_RETRY;
    if (verdict == FX_RETRY && fxi_clock_ms() - start < timeout_ms / 2) { /* it answered at once, so do not spin */
        struct timespec pause = {.tv_nsec = (long)timeout_ms / 2 * 1000000};
        nanosleep(&pause, NULL);
    }
    return verdict;
}

/* Marks the slot. The disk may hang. */
static void mark(struct fxi_checkpoints *checkpoints)
{
    struct fxi_call before = fxi_call_begin(NULL, "mark state", 0);
    if (checkpoints->progress.durable)
        fxi_state_accept(checkpoints->store);
    fxi_call_end(before);
}

static void expose(struct fxi_checkpoints *checkpoints)
{
    observe(checkpoints, FXI_STEP_COMMIT, checkpoints->progress.asked_ns);
    int64_t start = fxi_clock_ns();
    fxi_failpoint("accepted");
    mark(checkpoints);
    fxi_failpoint("marked");
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        for (struct fx_stream *stream = checkpoints->sources[i]->streams; stream; stream = stream->next) {
            stream->committed = stream->live && (stream->committed || stream->is_cut);
            stream->is_kept = stream->is_kept || stream->is_cut;
            stream->base_position = stream->cut_position;
        }
    }
    fxi_progress_committed(&checkpoints->progress);
    for (size_t i = 0; i < checkpoints->output_count; i++) {
        struct fx_instance *instance = checkpoints->outputs[i];
        struct fxi_call before = fxi_call_begin(instance, "committed", 0);
        if (instance->plugin->committed)
            instance->plugin->committed(instance->self, checkpoints->progress.number);
        fxi_call_end(before);
    }
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_RESULTS, FXI_CHECKPOINT_COMMITTED, 1);
    observe(checkpoints, FXI_STEP_EXPOSE, start);
    fxi_failpoint("exposed");
}

static int give_back(struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_RESULTS, FXI_CHECKPOINT_FENCED, 1);
    fx_log(NULL, FX_LOG_WARN, "A checkpoint was refused: other instances have its partitions now.",
           "checkpoint=%" PRIu64 " back_to=%" PRIu64, checkpoints->progress.number,
           checkpoints->progress.committed_number);
    fxi_rollback(checkpoints);
    return fx_error_set(err, FX_EIO, "the checkpoint was refused");
}

static int stay_unsettled(struct fxi_checkpoints *checkpoints, const struct fxi_source *source,
                          const struct fx_error *why, struct fx_error *err)
{
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_RESULTS, FXI_CHECKPOINT_UNANSWERED, 1);
    unsigned suppressed;
    if (fx_log_allowed(&checkpoints->commit_limit, &suppressed))
        fx_log(source->instance, FX_LOG_WARN, "A commit has no answer yet; the page stays at the last committed cut.",
               "checkpoint=%" PRIu64 " reason=%s suppressed=%u", checkpoints->progress.number, why->message,
               suppressed);
    return fx_error_set(err, FX_ETIMEOUT, "%s did not answer the commit", fx_instance_name(source->instance));
}

/*
 * Settles the checkpoint that was cut, if the inputs answer in time. They are asked in turn. Each is asked at least
 * once before any stream can be given away: a later first commit could have positions of streams that have moved.
 */
static int settle(struct fxi_checkpoints *checkpoints, int64_t end_ms, struct fx_error *err)
{
    for (;;) {
        const struct fxi_source *waiting = NULL;
        struct fx_error why = FX_ERROR_INIT;
        bool refused = false;
        for (size_t i = 0; i < checkpoints->source_count; i++) {
            struct fxi_source *source = checkpoints->sources[i];
            if (source->settled)
                continue;
            int64_t left = end_ms - fxi_clock_ms();
            int timeout_ms = (int)(left < COMMIT_SLICE_MS ? (left > 1 ? left : 1) : COMMIT_SLICE_MS);
            enum fx_verdict verdict = ask_source(checkpoints, source, timeout_ms, &why);
            source->settled = verdict != FX_RETRY;
            if (verdict == FX_RETRY) {
                waiting = source;
            } else if (verdict == FX_FENCED) {
                refused = true;
            } else if (verdict != FX_OK) {
                fxi_end_fail(checkpoints->end);
                return fx_error_set(err, FX_EIO, "%s can't commit", fx_instance_name(source->instance));
            }
        }
        if (refused)
            return give_back(checkpoints, err);
        if (!waiting)
            break;
        if (fxi_clock_ms() >= end_ms)
            return stay_unsettled(checkpoints, waiting, &why, err);
    }
    expose(checkpoints);
    if (checkpoints->progress.is_void)
        fxi_rollback(checkpoints);
    return 0;
}

void fxi_checkpoints_void(struct fxi_checkpoints *checkpoints, int timeout_ms)
{
    struct fx_error err = FX_ERROR_INIT;
    fxi_progress_void(&checkpoints->progress);
    if (checkpoints->progress.unsettled && settle(checkpoints, fxi_clock_ms() + timeout_ms, &err))
        fx_log(NULL, FX_LOG_DEBUG, "Rollback postponed until the pending commit is answered.", "reason=%s",
               err.message);
    if (checkpoints->progress.is_void && !checkpoints->progress.unsettled)
        fxi_rollback(checkpoints);
}

static int check_whole(const struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    if (atomic_load(&checkpoints->end->failed) || atomic_load(&checkpoints->progress.abandoned))
        return fx_error_set(err, FX_EIO, "a batch was not written completely: nothing more is committed");
    return 0;
}

int fxi_take(struct fxi_checkpoints *checkpoints, int64_t prepare_ms, int timeout_ms, struct fx_error *err)
{
    int64_t end_ms = fxi_clock_ms() + timeout_ms;
    if (!atomic_load(&checkpoints->progress.recovered))
        return fx_error_set(err, FX_EIO, "the last committed checkpoint is not known yet");
    if (checkpoints->progress.unsettled) {
        int rc = settle(checkpoints, end_ms, err);
        if (rc)
            return rc;
    }
    int rc = fxi_recovery_resolve(checkpoints, timeout_ms, err);
    if (rc)
        return rc;
    rc = check_whole(checkpoints, err);
    if (rc)
        return rc;
    fxi_failpoint("cut");
    rc = cut(checkpoints, err);
    if (!rc) /* until the gates were closed, a worker could still give up */
        rc = check_whole(checkpoints, err);
    if (!rc) /* what was rejected before the cut must be stored before the cut counts; without that, the cut is void */
        rc = checkpoints->hooks.store_rejected(checkpoints->hooks.arg, timeout_ms, err);
    if (rc)
        return rc;
    list_cut_positions(checkpoints);
    fxi_failpoint("prepare");
    int64_t start = fxi_clock_ns();
    checkpoints->prepare_end_ms = fxi_clock_ms() + prepare_ms;
    rc = fxi_durable_prepare(checkpoints, err);
    if (rc) {
        fxi_requests_note(checkpoints, false);
        return rc;
    }
    observe(checkpoints, FXI_STEP_PREPARE, start);
    fxi_failpoint("commit");
    fxi_progress_asked(&checkpoints->progress);
    if (fxi_clock_until(end_ms) < timeout_ms / 2) /* the outputs took more than their half */
        end_ms = fxi_clock_ms() + timeout_ms / 2;
    rc = settle(checkpoints, end_ms, err);
    fxi_requests_note(checkpoints, false);
    return rc;
}

/* The caller waits for the checkpoint, so outputs get half of the time. */
int fxi_checkpoints_take(struct fxi_checkpoints *checkpoints, int timeout_ms, struct fx_error *err)
{
    return fxi_take(checkpoints, timeout_ms / 2, timeout_ms, err);
}
