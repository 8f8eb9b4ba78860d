/*
 * One output's part in "prepare". The output may answer that it can't store the cut now: then it is asked again, the
 * checkpoint is void, the checkpoint continues without it, or the program stops. Under run.
 *
 * While an output is asked again, workers go on. A change of streams ends that, since it needs run.
 */
#include <inttypes.h>
#include <time.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/clock.h"

#define PAUSE_FIRST_MS 10
#define PAUSE_MAX_MS   500
#define SLICE_MS       10 /* a stop is noticed within this time */

static enum fx_verdict call_prepare(struct fx_instance *instance, const struct fx_checkpoint *checkpoint,
                                    struct fx_error *err)
{
    if (!instance->plugin->prepare)
        return FX_OK;
    struct fxi_call before = fxi_call_begin(instance, "prepare", 0);
    enum fx_verdict verdict = instance->plugin->prepare(instance->self, checkpoint, err);
    fxi_call_end(before);
    return verdict;
}

static int part_begin(struct fx_state *part, int *rewrite_log, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(NULL, "write state", 0); /* the disk may hang */
    int rc = fxi_part_begin(part, rewrite_log, err);
    fxi_call_end(before);
    return rc;
}

static int part_end(struct fx_state *part, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(NULL, "write state", 0);
    int rc = fxi_part_end(part, err);
    fxi_call_end(before);
    return rc;
}

/* Asks an output once. why: the output's own reason. Negative with err: the directory failed. */
static int ask_once(struct fx_instance *instance, struct fx_checkpoint *checkpoint, bool has_directory,
                    enum fx_verdict *verdict, struct fx_error *why, struct fx_error *err)
{
    struct fx_state *part = has_directory ? instance->state : NULL;
    *verdict = FX_RETRY;
    *why = (struct fx_error)FX_ERROR_INIT;
    checkpoint->state = part;
    checkpoint->rewrite_log = 0;
    int rc = part ? part_begin(part, &checkpoint->rewrite_log, err) : 0;
    if (rc)
        return rc;
    *verdict = call_prepare(instance, checkpoint, why);
    if (part && *verdict != FX_OK)
        fxi_part_leave_out(part);
    return part ? part_end(part, err) : 0;
}

/* Others of a group wait for a change of streams; and a stop has its own checkpoint. */
static bool is_hurried(const struct fxi_checkpoints *checkpoints)
{
    return atomic_load(&checkpoints->waiting) || (atomic_load(&checkpoints->end->stopping) && !checkpoints->is_last);
}

/* At the stop the time is too short to decide anything: the cut is void, unless the output was given up before. */
static bool may_decide(const struct fxi_checkpoints *checkpoints, const struct fx_instance *instance)
{
    return !checkpoints->is_last || instance->is_given_up;
}

/* The verdict in place of FX_RETRY. It stays FX_RETRY while there is time. */
static enum fx_verdict judge(const struct fxi_checkpoints *checkpoints, struct fx_instance *instance, int64_t start_ms)
{
    int64_t now_ms = fxi_clock_ms();
    int64_t patience_ms = instance->is_given_up ? 0 : instance->entry->output.prepare_timeout_ms;
    if (now_ms - start_ms >= patience_ms && may_decide(checkpoints, instance)) {
        if (instance->on_failure == FXI_ON_FAILURE_STOP)
            return FX_FATAL;
        instance->is_given_up = instance->on_failure == FXI_ON_FAILURE_DROP;
        return instance->is_given_up ? FX_DROP : FX_AGAIN;
    }
    return now_ms >= checkpoints->prepare_end_ms || is_hurried(checkpoints) ? FX_AGAIN : FX_RETRY;
}

static void pause(const struct fxi_checkpoints *checkpoints, int64_t ms)
{
    const struct timespec slice = {.tv_nsec = SLICE_MS * 1000000};
    int64_t end_ms = fxi_clock_ms() + ms;
    while (fxi_clock_until(end_ms) > 0 && !is_hurried(checkpoints))
        nanosleep(&slice, NULL);
}

static const char *reason_of(const struct fx_error *why)
{
    return why->message[0] ? why->message : "it gave no reason";
}

/* Logs the first time, and now and then after that. */
static void note_waiting(struct fxi_checkpoints *checkpoints, struct fx_instance *instance, uint64_t number,
                         const struct fx_error *why)
{
    unsigned suppressed;
    bool is_new = !instance->holds_back;
    instance->holds_back = true;
    checkpoints->hooks.holds_back(checkpoints->hooks.arg, instance, reason_of(why));
    if (fx_log_allowed(&checkpoints->prepare_limit, &suppressed) || is_new)
        fx_log(instance, FX_LOG_WARN, "The output does not store a checkpoint yet; nothing is committed meanwhile.",
               "checkpoint=%" PRIu64 " reason=%s suppressed=%u", number, reason_of(why), suppressed);
}

static void note_stored(struct fx_instance *instance)
{
    if (instance->is_given_up || instance->holds_back)
        fx_log(instance, FX_LOG_INFO, "The output stores checkpoints again.", NULL);
    instance->is_given_up = false;
}

static void note_dropped(struct fxi_checkpoints *checkpoints, struct fx_instance *instance, uint64_t number,
                         const struct fx_error *why)
{
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_PREPARE_FAILURES, 0, 1);
    fx_log(instance, FX_LOG_ERROR, "A checkpoint could not be made durable; continuing without it.",
           "checkpoint=%" PRIu64 " reason=%s", number, reason_of(why));
}

static void note_fatal(struct fxi_checkpoints *checkpoints, struct fx_instance *instance, uint64_t number,
                       const struct fx_error *why)
{
    fxi_end_fail(checkpoints->end);
    fx_log(instance, FX_LOG_ERROR, "The output can't store a checkpoint: stopping; nothing more is committed.",
           "checkpoint=%" PRIu64 " reason=%s", number, reason_of(why));
}

static void conclude(struct fxi_checkpoints *checkpoints, struct fx_instance *instance, uint64_t number,
                     enum fx_verdict *verdict, const struct fx_error *why)
{
    if (*verdict == FX_OK)
        note_stored(instance);
    else if (*verdict == FX_DROP)
        note_dropped(checkpoints, instance, number, why);
    else if (*verdict != FX_AGAIN)
        *verdict = FX_FATAL; /* also for a verdict that prepare does not have */
    if (*verdict == FX_FATAL)
        note_fatal(checkpoints, instance, number, why);
    if (*verdict == FX_AGAIN) {
        note_waiting(checkpoints, instance, number, why);
        return;
    }
    if (instance->holds_back)
        checkpoints->hooks.holds_back(checkpoints->hooks.arg, instance, NULL);
    instance->holds_back = false;
}

int fxi_prepare_output(struct fxi_checkpoints *checkpoints, struct fx_instance *instance,
                       struct fx_checkpoint *checkpoint, bool has_directory, enum fx_verdict *verdict,
                       struct fx_error *err)
{
    struct fx_error why;
    int64_t start_ms = fxi_clock_ms(), pause_ms = PAUSE_FIRST_MS;
    for (;;) {
        int rc = ask_once(instance, checkpoint, has_directory, verdict, &why, err);
        if (rc)
            return rc;
        if (*verdict == FX_RETRY)
            *verdict = judge(checkpoints, instance, start_ms);
        if (*verdict != FX_RETRY)
            break;
        note_waiting(checkpoints, instance, checkpoint->number, &why);
        pause(checkpoints, pause_ms);
        pause_ms = pause_ms * 2 < PAUSE_MAX_MS ? pause_ms * 2 : PAUSE_MAX_MS;
    }
    conclude(checkpoints, instance, checkpoint->number, verdict, &why);
    return 0;
}
