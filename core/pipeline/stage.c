/*
 * Stages: a full batch goes through the resolvers, then to every output. Only the worker's thread. The stage's verdict
 * decides. The core repeats, counts and gives up by policy.
 */
#include <time.h>

#include "pipeline/wiring.h"
#include "plugin/calls.h"
#include "util/clock.h"

#define BACKOFF_FIRST_MS 1
#define DRAIN_PAUSE_MS   5
#define BACKOFF_MAX_MS   1000

static enum fx_verdict call_stage(struct fxi_stage *stage, struct fx_feed *feed, int64_t start_ns)
{
    struct fx_instance *instance = stage->instance;
    void *context = instance->worker_contexts[feed->index];
    bool is_resolver = instance->plugin->kind == FX_KIND_RESOLVER;
    struct fxi_call before = fxi_call_begin(instance, is_resolver ? "enrich" : "write", start_ns);
    enum fx_verdict verdict = is_resolver ? instance->plugin->enrich(instance->self, context, &feed->batch.public)
                                          : instance->plugin->write(instance->self, context, &feed->batch.public);
    fxi_call_end(before);
    return verdict;
}

static void log_dropped(struct fxi_stage *stage, uint32_t rows)
{
    unsigned suppressed;
    if (fx_log_allowed(&stage->limit, &suppressed))
        fx_log(stage->instance, FX_LOG_ERROR, "A batch was dropped: the plugin did not take it.",
               "records=%u suppressed=%u", rows, suppressed);
}

/* While an input is drained, the program stops already: then a pause would be none. */
static void wait_ms(const struct fx_feed *feed, int64_t ms)
{
    struct timespec moment = {.tv_nsec = DRAIN_PAUSE_MS * 1000000L};
    if (fxi_end_is_near(&feed->pipeline->end))
        nanosleep(&moment, NULL);
    else
        fxi_pause(feed->pipeline, ms);
}

/*
 * Several workers may wait for one output. Each of them reports it again and again. The last one withdraws the report.
 */
static void note_waiting(struct fxi_stage *stage, struct fx_feed *feed, bool *waits)
{
    struct fxi_pipeline *pipeline = feed->pipeline;
    unsigned suppressed;
    if (!*waits)
        atomic_fetch_add(&stage->waiting, 1);
    *waits = true;
    if (fxi_readiness_set(&pipeline->readiness, FXI_READY_BATCH, stage->instance->name, "it does not take records"))
        fxi_ready_note(pipeline);
    if (fx_log_allowed(&stage->limit, &suppressed))
        fx_log(stage->instance, FX_LOG_WARN, "A batch is not taken; reading waits for the output.",
               "records=%u suppressed=%u", feed->batch.public.rows, suppressed);
}

static void note_waited(struct fxi_stage *stage, struct fx_feed *feed, bool waits)
{
    if (!waits || atomic_fetch_sub(&stage->waiting, 1) > 1)
        return;
    fxi_readiness_set(&feed->pipeline->readiness, FXI_READY_BATCH, stage->instance->name, NULL);
    fxi_ready_note(feed->pipeline);
}

/* The verdict after retry_for, in place of "not now". FX_RETRY: the stage is asked again. */
static enum fx_verdict give_up(const struct fxi_stage *stage)
{
    static const enum fx_verdict verdicts[] = {
        [FXI_ON_FAILURE_DROP] = FX_DROP, [FXI_ON_FAILURE_WAIT] = FX_RETRY, [FXI_ON_FAILURE_STOP] = FX_FATAL};
    return verdicts[stage->instance->on_failure];
}

/*
 * Offers the batch again while the stage says "not now". After a time the output's policy decides (a resolver's is to
 * drop). A stop ends the waiting.
 */
static enum fx_verdict offer(struct fxi_stage *stage, struct fx_feed *feed, int64_t start_ns, bool *waits)
{
    int64_t give_up_ms = 0, pause_ms = BACKOFF_FIRST_MS;
    for (;;) {
        fxi_batch_keep(&feed->batch); /* a call that is made again decides anew */
        enum fx_verdict verdict = call_stage(stage, feed, start_ns);
        start_ns = 0; /* unknown for the next call */
        if (verdict != FX_OK && verdict != FX_AGAIN && verdict != FX_DROP)
            fxi_metric_set_add(stage->metrics, FXI_STAGE_ERRORS, 0, 1);
        if (verdict != FX_AGAIN && verdict != FX_RETRY)
            return verdict;
        int64_t now = fxi_clock_ms();
        if (!give_up_ms)
            give_up_ms = now + feed->pipeline->config->pipeline.retry_for_ms;
        if (now >= give_up_ms && give_up(stage) != FX_RETRY)
            return give_up(stage);
        if (fxi_feed_gives_up(feed)) { /* the batch is not committed either, and will be read again */
            fxi_checkpoints_abandon(feed->pipeline->checkpoints);
            return FX_DROP;
        }
        if (now >= give_up_ms)
            note_waiting(stage, feed, waits);
        fxi_metric_set_add(stage->metrics, FXI_STAGE_RETRIES, 0, 1);
        wait_ms(feed, pause_ms);
        pause_ms = pause_ms * 2 < BACKOFF_MAX_MS ? pause_ms * 2 : BACKOFF_MAX_MS;
    }
}

static void run_stage(struct fxi_stage *stage, struct fx_feed *feed)
{
    uint32_t rows = feed->batch.public.rows;
    int64_t start = fxi_clock_ns();
    bool waits = false;
    enum fx_verdict verdict = offer(stage, feed, start, &waits);
    note_waited(stage, feed, waits);
    int64_t ns = fxi_clock_ns() - start;
    feed->stage_ns += ns;
    fxi_metric_set_add(stage->metrics, FXI_STAGE_SECONDS, 0, ns);
    fxi_metric_set_add(stage->metrics, verdict == FX_OK ? FXI_STAGE_RECORDS : FXI_STAGE_DROPPED, 0, rows);
    if (verdict == FX_DROP)
        log_dropped(stage, rows);
    if (verdict != FX_OK)
        fxi_batch_keep(&feed->batch);
    if (verdict != FX_OK && verdict != FX_DROP) {
        fx_log(stage->instance, FX_LOG_ERROR, "The plugin can't continue.", "verdict=%d", (int)verdict);
        fxi_end_fail(&feed->pipeline->end);
    }
}

/* What is left to do after a resolver: rows that it dropped go, and what it wrote reaches all who claim it. */
static void finish_resolver(struct fxi_stage *stage, struct fx_feed *feed)
{
    uint32_t dropped = fxi_batch_sweep(&feed->batch);
    if (dropped)
        fxi_metric_set_add(stage->filter_metrics, FXI_FILTER_RECORDS, 0, dropped);
    if (stage->copy_count)
        fxi_copies_make(&feed->pipeline->schema, stage->copies, stage->copy_count, &feed->batch);
}

void fxi_stages_run(struct fx_feed *feed)
{
    struct fxi_pipeline *pipeline = feed->pipeline;
    fxi_absent_look(feed->input->absent, &feed->absent, &feed->batch.public);
    for (size_t i = 0; i < pipeline->resolver_count && feed->batch.public.rows; i++) {
        run_stage(&pipeline->resolvers[i], feed);
        finish_resolver(&pipeline->resolvers[i], feed);
    }
    for (size_t i = 0; i < pipeline->output_count && feed->batch.public.rows; i++)
        run_stage(&pipeline->outputs[i], feed);
    fxi_batch_reset(&feed->batch);
}
