/*
 * Workers. Each polls its input, decodes, resolves and writes, then polls again. There are no queues: back-pressure
 * means that the worker does not poll.
 */
#include <stdio.h>

#include "pipeline/wiring.h"
#include "plugin/calls.h"
#include "util/clock.h"

#define POLL_MS          100
#define BACKOFF_FIRST_MS 100
#define BACKOFF_MAX_MS   10000
#define COMMIT_WAIT_MS   10

static bool stopping(const struct fx_feed *feed)
{
    return fxi_end_is_near(&feed->pipeline->end);
}

static enum fx_verdict poll_once(struct fx_feed *feed, int timeout_ms)
{
    struct fx_instance *instance = feed->input->instance;
    const struct fx_plugin *plugin = instance->plugin;
    void *context = instance->worker_contexts[feed->input_index];
    if (!fxi_source_enter(&feed->input->source, &feed->pipeline->end.stopping))
        return FX_AGAIN;
    int64_t start = fxi_clock_ns();
    feed->stage_ns = feed->held_ns = 0;
    struct fxi_call before = fxi_call_begin(instance, feed->is_draining ? "drain" : "poll", start);
    enum fx_verdict verdict = feed->is_draining ? plugin->drain(instance->self, context, feed, timeout_ms)
                                                : plugin->poll(instance->self, context, feed, timeout_ms);
    fxi_call_end(before);
    fxi_feed_flush(feed);
    fxi_metric_set_add(feed->input->metrics, FXI_INPUT_SECONDS, 0, fxi_clock_ns() - start - feed->stage_ns);
    fxi_feed_publish(feed);
    fxi_feed_release(feed);
    if (feed->held_ns > feed->stage_ns)
        fxi_metric_set_add(feed->input->metrics, FXI_INPUT_DECODE_SECONDS, 0, feed->held_ns - feed->stage_ns);
    fxi_source_leave(&feed->input->source);
    return verdict;
}

static void end_of_input(struct fx_feed *feed)
{
    struct fxi_pipeline *pipeline = feed->pipeline;
    fx_log(feed->input->instance, FX_LOG_INFO, "The input has ended.", "worker=%u", feed->input_index);
    unsigned running = atomic_fetch_sub(&pipeline->running, 1) - 1;
    fxi_metric_set_put(pipeline->program_metrics, FXI_PROGRAM_WORKERS, 0, running);
    fxi_checkpoints_want(pipeline->checkpoints); /* what was read last should be committed and seen soon */
    if (running == 0)
        fxi_end_signal(&pipeline->end);
}

static void fail(struct fx_feed *feed, enum fx_verdict verdict)
{
    fx_log(feed->input->instance, FX_LOG_ERROR, "The input can't continue.", "verdict=%d", (int)verdict);
    fxi_end_fail(&feed->pipeline->end);
}

/*
 * What has arrived and can't be read again. Before the outputs have their values nothing may be read: then the worker
 * is kept out.
 */
static void drain(struct fx_feed *feed)
{
    struct fxi_pipeline *pipeline = feed->pipeline;
    if (!feed->input->instance->plugin->drain)
        return;
    enum fx_verdict verdict = FX_OK;
    int left;
    feed->is_draining = true;
    while (verdict == FX_OK && !fxi_end_has_failed(&pipeline->end) &&
           (left = fxi_clock_until(atomic_load(&pipeline->drain_end_ms))) > 0)
        verdict = poll_once(feed, left);
    if (verdict != FX_OK && verdict != FX_AGAIN && verdict != FX_END)
        fail(feed, verdict);
}

/* Waits while too much is not committed. The worker holds nothing meanwhile. */
static void wait_for_commit(struct fx_feed *feed)
{
    struct fxi_checkpoints *checkpoints = feed->pipeline->checkpoints;
    if (fxi_checkpoints_may_read(checkpoints))
        return;
    fxi_checkpoints_note_wait(checkpoints);
    while (!stopping(feed) && !fxi_checkpoints_may_read(checkpoints)) {
        fxi_pause(feed->pipeline, COMMIT_WAIT_MS);
        fxi_checkpoints_want_again(checkpoints); /* the checkpoint may have failed */
    }
}

static void worker_main(void *arg)
{
    struct fx_feed *feed = arg;
    int64_t pause_ms = BACKOFF_FIRST_MS;
    while (!stopping(feed)) {
        wait_for_commit(feed);
        if (stopping(feed))
            break;
        enum fx_verdict verdict = poll_once(feed, POLL_MS);
        if (verdict == FX_OK || verdict == FX_AGAIN) {
            pause_ms = BACKOFF_FIRST_MS;
        } else if (verdict == FX_RETRY) {
            fxi_metric_set_add(feed->input->metrics, FXI_INPUT_FAULTS, 0, 1);
            fxi_pause(feed->pipeline, pause_ms);
            pause_ms = pause_ms * 2 < BACKOFF_MAX_MS ? pause_ms * 2 : BACKOFF_MAX_MS;
        } else if (verdict == FX_END) {
            end_of_input(feed);
            return;
        } else {
            fail(feed, verdict);
            return;
        }
    }
    drain(feed);
}

static int start_worker(struct fx_feed *feed, struct fx_error *err)
{
    char name[16];
    snprintf(name, sizeof name, "fx-worker-%u", feed->index);
    return fxi_thread_start(&feed->thread, name, worker_main, feed, err);
}

int fxi_workers_start(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    atomic_store(&pipeline->running, pipeline->feed_count);
    fxi_metric_set_put(pipeline->program_metrics, FXI_PROGRAM_WORKERS, 0, pipeline->feed_count);
    for (unsigned i = 0; i < pipeline->feed_count; i++) {
        int rc = start_worker(&pipeline->feeds[i], err);
        if (rc)
            return rc;
    }
    return 0;
}

bool fxi_workers_join(struct fxi_pipeline *pipeline, int64_t end_ms)
{
    bool all = true;
    for (unsigned i = 0; i < pipeline->feed_count; i++)
        all = fxi_thread_join(&pipeline->feeds[i].thread, fxi_clock_until(end_ms)) && all;
    return all;
}
