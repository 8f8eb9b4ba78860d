/*
 * Stages: a full batch goes through resolvers, then to every output. The
 * worker's thread. A stage's verdict decides; the core repeats, counts and
 * gives up by policy.
 */
#include <time.h>

#include "pipeline/wiring.h"
#include "plugin/calls.h"
#include "util/clock.h"

#define BACKOFF_FIRST_MS 1
#define BACKOFF_MAX_MS   1000

static void sleep_ms(int64_t ms)
{
    struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&time, NULL);
}

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

/* Offers the batch again while the stage says "not now"; not for ever, and at a stop only once. */
static enum fx_verdict offer(struct fxi_stage *stage, struct fx_feed *feed, int64_t start_ns)
{
    int64_t give_up_ms = 0, pause_ms = BACKOFF_FIRST_MS;
    for (;;) {
        enum fx_verdict verdict = call_stage(stage, feed, start_ns);
        start_ns = 0; /* of another call it is not known */
        if (verdict != FX_OK && verdict != FX_AGAIN && verdict != FX_DROP)
            fxi_metric_set_add(stage->metrics, FXI_STAGE_ERRORS, 0, 1);
        if (verdict != FX_AGAIN && verdict != FX_RETRY)
            return verdict;
        int64_t now = fxi_clock_ms();
        if (!give_up_ms)
            give_up_ms = now + feed->pipeline->config->pipeline.retry_for_ms;
        if (now >= give_up_ms)
            return FX_DROP;
        if (fxi_end_is_near(&feed->pipeline->end)) { /* then it is not committed either, and will be read again */
            fxi_checkpoints_abandon(feed->pipeline->checkpoints);
            return FX_DROP;
        }
        fxi_metric_set_add(stage->metrics, FXI_STAGE_RETRIES, 0, 1);
        sleep_ms(pause_ms);
        pause_ms = pause_ms * 2 < BACKOFF_MAX_MS ? pause_ms * 2 : BACKOFF_MAX_MS;
    }
}

static void run_stage(struct fxi_stage *stage, struct fx_feed *feed)
{
    uint32_t rows = feed->batch.public.rows;
    int64_t start = fxi_clock_ns();
    enum fx_verdict verdict = offer(stage, feed, start);
    int64_t ns = fxi_clock_ns() - start;
    feed->stage_ns += ns;
    fxi_metric_set_add(stage->metrics, FXI_STAGE_SECONDS, 0, ns);
    fxi_metric_set_add(stage->metrics, verdict == FX_OK ? FXI_STAGE_RECORDS : FXI_STAGE_DROPPED, 0, rows);
    if (verdict == FX_DROP)
        log_dropped(stage, rows);
    if (verdict != FX_OK && verdict != FX_DROP) {
        fx_log(stage->instance, FX_LOG_ERROR, "The plugin can't continue.", "verdict=%d", (int)verdict);
        fxi_end_fail(&feed->pipeline->end);
    }
}

void fxi_stages_run(struct fx_feed *feed)
{
    struct fxi_pipeline *pipeline = feed->pipeline;
    for (size_t i = 0; i < pipeline->resolver_count; i++)
        run_stage(&pipeline->resolvers[i], feed);
    for (size_t i = 0; i < pipeline->output_count; i++)
        run_stage(&pipeline->outputs[i], feed);
    fxi_batch_reset(&feed->batch);
}
