/*
 * The state directory in checkpoints: opened at the start, written by every checkpoint, given up after a failure and
 * then tried again. Under run, or in the main thread at the start.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint/inside.h"
#include "plugin/calls.h"
#include "util/alloc.h"
#include "util/clock.h"
#include "util/failpoint.h"

#define REOPEN_MS        1000
#define IDLE_STREAMS_MAX 10000 /* of an input in a slot; topics that match a pattern come and go */

static void show_state(const struct fxi_checkpoints *checkpoints, bool is_kept)
{
    fxi_metric_set_put(checkpoints->metrics, FXI_CHECKPOINT_STATE_KEPT, 0, is_kept);
}

static bool stops(const struct fxi_checkpoints *checkpoints)
{
    return checkpoints->config->state.on_failure == FXI_STATE_STOP;
}

/*
 * If a configured directory belongs to another process or version, fail. Continue without it only if it was the
 * default.
 */
static int open_failed(const struct fxi_checkpoints *checkpoints, const char *directory, int rc, bool is_default,
                       struct fx_error *err)
{
    if (stops(checkpoints) || (!is_default && rc != FX_EIO))
        return rc;
    fx_log(NULL, FX_LOG_WARN, "Counters are not kept over a restart.", "reason=%s directory=%s", err->message,
           directory);
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_STATE_FAILURES, 0, 1);
    *err = (struct fx_error)FX_ERROR_INIT;
    return 0;
}

static void add_parts(struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->instance_count; i++) {
        struct fx_instance *instance = checkpoints->instances[i];
        instance->state_folder = fxi_state_folder_new(checkpoints->store, instance->name);
        if (instance->plugin->kind == FX_KIND_OUTPUT && instance->plugin->prepare)
            instance->state = fxi_state_part(checkpoints->store, instance->name, instance->plugin->name);
    }
}

int fxi_checkpoints_open(struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    fxi_progress_start(&checkpoints->progress);
    bool is_default;
    char *directory = fxi_state_directory(checkpoints->config->state.directory, &is_default);
    if (!directory && is_default)
        fx_log(NULL, FX_LOG_WARN,
               "Counters are not kept over a restart: set 'state: {directory: ...}', or 'none' if that is intended.",
               NULL);
    int rc = directory ? fxi_state_open(&checkpoints->store, directory, err) : 0;
    if (rc)
        rc = open_failed(checkpoints, directory, rc, is_default, err);
    if (checkpoints->store) {
        memcpy(checkpoints->identity, fxi_state_identity(checkpoints->store), sizeof checkpoints->identity);
        fx_log(NULL, FX_LOG_INFO, "Counters are kept in the state directory.", "directory=%s identity=%s", directory,
               checkpoints->identity);
        add_parts(checkpoints);
        show_state(checkpoints, true);
    }
    free(directory);
    return rc;
}

void fxi_checkpoints_find_folders(struct fxi_checkpoints *checkpoints)
{
    bool is_default;
    char *directory = fxi_state_directory(checkpoints->config->state.directory, &is_default);
    for (size_t i = 0; directory && i < checkpoints->instance_count; i++)
        checkpoints->instances[i]->state_folder = fxi_state_folder_find(directory, checkpoints->instances[i]->name);
    free(directory);
}

/* ---- a checkpoint */

/* Lists the positions of all inputs together, for outputs. */
static size_t gather(struct fxi_checkpoints *checkpoints)
{
    size_t count = 0;
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        const struct fxi_source *source = checkpoints->sources[i];
        checkpoints->positions =
            fxi_realloc(checkpoints->positions, count + source->position_count + 1, sizeof *checkpoints->positions);
        for (size_t j = 0; j < source->position_count; j++)
            checkpoints->positions[count++] = source->positions[j];
    }
    return count;
}

/*
 * Lists the positions for the slot, including those of streams that are not assigned now. If the source forgets the
 * committed offsets, these positions remain. They also tell the next start which streams to ask about. The order is
 * that of the streams' making, newest first.
 */
static size_t gather_known(struct fxi_checkpoints *checkpoints)
{
    size_t count = 0, capacity = 0;
    for (size_t i = 0; i < checkpoints->source_count; i++) {
        const struct fxi_source *source = checkpoints->sources[i];
        size_t idle = 0;
        for (const struct fx_stream *stream = source->streams; stream; stream = stream->next) {
            if (!stream->live && (!stream->is_kept || ++idle > IDLE_STREAMS_MAX))
                continue;
            if (count == capacity) {
                capacity = capacity ? capacity * 2 : 64;
                checkpoints->slot_positions =
                    fxi_realloc(checkpoints->slot_positions, capacity, sizeof *checkpoints->slot_positions);
            }
            checkpoints->slot_positions[count++] =
                (struct fxi_slot_position){.input = (char *)(uintptr_t)source->instance->name,
                                           .stream = stream->name,
                                           .partition = stream->partition,
                                           .offset = stream->cut_position};
        }
    }
    return count;
}

static int state_begin(const struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    struct fxi_call before = fxi_call_begin(NULL, "write state", 0); /* the disk may hang */
    int rc = fxi_state_begin(checkpoints->store, checkpoints->progress.number, err);
    fxi_call_end(before);
    return rc;
}

static int state_finish(struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    size_t count = gather_known(checkpoints);
    struct fxi_call before = fxi_call_begin(NULL, "write state", 0);
    int rc = fxi_state_finish(checkpoints->store, checkpoints->slot_positions, count, err);
    fxi_call_end(before);
    return rc;
}

/*
 * *prepared is the number of outputs that have answered. *verdict: FX_AGAIN or FX_FATAL if one of them prevents the
 * checkpoint. Negative: the directory failed.
 */
static int write_all(struct fxi_checkpoints *checkpoints, struct fx_checkpoint *checkpoint, size_t *prepared,
                     enum fx_verdict *verdict, struct fx_error *err)
{
    int rc = state_begin(checkpoints, err);
    fxi_progress_end_doubt(&checkpoints->progress); /* its slot is being overwritten */
    for (size_t i = 0; i < checkpoints->output_count && !rc; i++) {
        enum fx_verdict said;
        rc = fxi_prepare_output(checkpoints, checkpoints->outputs[i], checkpoint, true, &said, err);
        bool goes_on = said == FX_OK || said == FX_DROP;
        *prepared = goes_on ? i + 1 : i; /* without the directory the other outputs are asked once more */
        if (!rc && !goes_on) {
            *verdict = said;
            fxi_state_drop(checkpoints->store, fxi_state_written(checkpoints->store));
            return 0;
        }
    }
    fxi_failpoint("outputs-prepared");
    return rc ? rc : state_finish(checkpoints, err);
}

/* The directory has failed. Once the next commit is accepted, what the directory holds is no longer the truth. */
static void give_up(struct fxi_checkpoints *checkpoints, const struct fx_error *err)
{
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_STATE_FAILURES, 0, 1);
    bool had_it = fxi_state_is_usable(checkpoints->store);
    if (had_it)
        fx_log(NULL, FX_LOG_ERROR,
               stops(checkpoints) ? "State can't be written: stopping, as 'state: {on_failure: stop}' says."
                                  : "State can't be written; continuing without it. A restart would begin at zero.",
               "reason=%s", err->message);
    show_state(checkpoints, false);
    if (stops(checkpoints)) {
        fxi_end_fail(checkpoints->end);
        return;
    }
    fxi_state_invalidate(checkpoints->store);
    fxi_progress_end_doubt(&checkpoints->progress);
    checkpoints->store_retry_ms = fxi_clock_ms() + REOPEN_MS;
}

static bool has_directory(struct fxi_checkpoints *checkpoints)
{
    if (!checkpoints->store || fxi_state_is_usable(checkpoints->store))
        return checkpoints->store != NULL;
    if (fxi_clock_ms() < checkpoints->store_retry_ms)
        return false;
    struct fx_error err = FX_ERROR_INIT;
    unsigned suppressed;
    if (fxi_state_reopen(checkpoints->store, &err)) {
        if (fx_log_allowed(&checkpoints->store_limit, &suppressed))
            fx_log(NULL, FX_LOG_WARN, "State still can't be kept.", "reason=%s suppressed=%u", err.message, suppressed);
        checkpoints->store_retry_ms = fxi_clock_ms() + REOPEN_MS;
        return false;
    }
    return true;
}

/* The directory has a slot of the checkpoint. */
static void note_kept(struct fxi_checkpoints *checkpoints)
{
    if (!fxi_metric_set_get(checkpoints->metrics, FXI_CHECKPOINT_STATE_KEPT, 0))
        fx_log(NULL, FX_LOG_INFO, "State is kept again.", NULL);
    show_state(checkpoints, true);
}

/* The directory's part of a checkpoint. Gives false if the directory failed: the remaining outputs do without it. */
static bool keep(struct fxi_checkpoints *checkpoints, struct fx_checkpoint *checkpoint, size_t *prepared,
                 enum fx_verdict *verdict, struct fx_error *why)
{
    int rc = write_all(checkpoints, checkpoint, prepared, verdict, why);
    bool is_void = *verdict != FX_OK;
    fxi_progress_prepared(&checkpoints->progress, rc || is_void ? NULL : fxi_state_written(checkpoints->store));
    if (rc) {
        give_up(checkpoints, why);
        return false;
    }
    if (!is_void)
        note_kept(checkpoints);
    return true;
}

/* The outputs that are left do without state, and are told so if it was lost just now. */
static void prepare_without(struct fxi_checkpoints *checkpoints, struct fx_checkpoint *checkpoint, size_t prepared,
                            enum fx_verdict *verdict)
{
    struct fx_error none = FX_ERROR_INIT; /* of a directory */
    for (size_t i = prepared; i < checkpoints->output_count; i++) {
        enum fx_verdict said;
        if (fxi_prepare_output(checkpoints, checkpoints->outputs[i], checkpoint, false, &said, &none) ||
            (said != FX_OK && said != FX_DROP)) {
            *verdict = said;
            return;
        }
    }
}

static int refuse(struct fxi_checkpoints *checkpoints, enum fx_verdict verdict, struct fx_error *err)
{
    if (verdict == FX_FATAL)
        return fx_error_set(err, FX_EIO, "an output can't store it");
    fxi_progress_veto(&checkpoints->progress);
    fxi_metric_set_add(checkpoints->metrics, FXI_CHECKPOINT_RESULTS, FXI_CHECKPOINT_VETOED, 1);
    return fx_error_set(err, FX_ETIMEOUT, "an output does not store it");
}

static void describe(struct fxi_checkpoints *checkpoints, bool is_durable, char tag[FXI_TAG_BYTES],
                     struct fx_checkpoint *checkpoint)
{
    fxi_progress_prepare(&checkpoints->progress, is_durable);
    fxi_checkpoint_describe(checkpoints, tag, checkpoint);
    checkpoint->position_count = gather(checkpoints);
    checkpoint->positions = checkpoints->positions;
}

int fxi_durable_prepare(struct fxi_checkpoints *checkpoints, struct fx_error *err)
{
    char tag[FXI_TAG_BYTES];
    struct fx_checkpoint checkpoint;
    struct fx_error why = FX_ERROR_INIT;
    size_t prepared = 0;
    enum fx_verdict verdict = FX_OK;
    bool is_kept = has_directory(checkpoints);
    if (is_kept) {
        describe(checkpoints, true, tag, &checkpoint);
        is_kept = keep(checkpoints, &checkpoint, &prepared, &verdict, &why);
    }
    if (!is_kept && !atomic_load(&checkpoints->end->failed)) {
        describe(checkpoints, false, tag, &checkpoint);
        prepare_without(checkpoints, &checkpoint, prepared, &verdict);
    }
    if (verdict != FX_OK)
        return refuse(checkpoints, verdict, err);
    return atomic_load(&checkpoints->end->failed) ? fx_error_set(err, FX_EIO, "it can't be kept: %s", why.message) : 0;
}
