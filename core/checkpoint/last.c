/*
 * The last checkpoint, at the stop. Main thread. Any call of a plugin may hang, so every wait has a limit. A worker may
 * fail to return from poll. What it counted is still committed if it is between payloads.
 */
#include <time.h>

#include "checkpoint/inside.h"
#include "util/clock.h"

#define TRY_MS   10
#define LEAST_MS 50 /* for steps that begin after the time is over */

/* Locks a mutex with a time limit, by trying again and again: its holder may be in a call that does not return. */
static bool lock_until(pthread_mutex_t *mutex, int64_t end_ms)
{
    while (pthread_mutex_trylock(mutex)) {
        if (fxi_clock_until(end_ms) == 0)
            return false;
        struct timespec pause = {.tv_nsec = TRY_MS * 1000000};
        nanosleep(&pause, NULL);
    }
    return true;
}

/* Whether a cut could begin at once. A worker that hangs between payloads holds no gate. */
static bool gates_are_free(const struct fxi_checkpoints *checkpoints, int64_t end_ms)
{
    for (size_t i = 0; i < checkpoints->gate_count; i++) {
        if (!lock_until(checkpoints->gates[i], end_ms))
            return false;
        pthread_mutex_unlock(checkpoints->gates[i]);
    }
    return true;
}

static int time_left(int64_t end_ms)
{
    int left = fxi_clock_until(end_ms);
    return left > LEAST_MS ? left : LEAST_MS;
}

static bool can_all_read_again(const struct fxi_checkpoints *checkpoints)
{
    for (size_t i = 0; i < checkpoints->source_count; i++)
        if (!checkpoints->sources[i]->instance->plugin->commit)
            return false;
    return true;
}

void fxi_checkpoints_note_no_last(const struct fxi_checkpoints *checkpoints, const char *reason)
{
    const char *sentence = "The last checkpoint was not committed; its records will be read again.";
    if (!fxi_checkpoints_is_behind(checkpoints))
        sentence = "The last checkpoint failed; nothing was counted since the one before.";
    else if (!can_all_read_again(checkpoints))
        sentence = "The last checkpoint was not committed; records of inputs that can't read them again are lost.";
    fx_log(NULL, FX_LOG_WARN, sentence, "reason=%s", reason);
}

void fxi_checkpoints_take_last(struct fxi_checkpoints *checkpoints, int64_t end_ms)
{
    struct fx_error err = FX_ERROR_INIT;
    int64_t wait_ms = fxi_clock_ms() + fxi_clock_until(end_ms) / 2;
    if (!atomic_load(&checkpoints->progress.recovered))
        return;
    if (!lock_until(&checkpoints->run, wait_ms)) {
        fx_error_set(&err, FX_ETIMEOUT, "another checkpoint is in progress and does not end");
    } else {
        checkpoints->is_last = true;
        if (!gates_are_free(checkpoints, wait_ms))
            fx_error_set(&err, FX_ETIMEOUT, "a worker does not finish its batch");
        else if (fxi_checkpoints_take(checkpoints, time_left(end_ms) * 2 / 3, &err) == 0)
            err.code = 0;
        fxi_checkpoints_release(checkpoints);
    }
    if (err.code)
        fxi_checkpoints_note_no_last(checkpoints, err.message);
}
