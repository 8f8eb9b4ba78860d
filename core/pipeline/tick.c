/*
 * Sleeps that the stop ends, and the thread of ticks: one for all instances, so that not each plugin needs one. It runs
 * from the start of all instances to the end of the workers, and calls one instance at a time.
 */
#include <poll.h>

#include "pipeline/wiring.h"
#include "plugin/calls.h"
#include "util/clock.h"

void fxi_pause(const struct fxi_pipeline *pipeline, int64_t ms)
{
    int64_t end_ms = fxi_clock_ms() + ms;
    struct pollfd stop = {.fd = pipeline->stop_fd, .events = POLLIN};
    int left;
    while (!fxi_end_is_near(&pipeline->end) && (left = fxi_clock_until(end_ms)) > 0)
        poll(&stop, 1, left);
}

bool fxi_feed_gives_up(const struct fx_feed *feed)
{
    if (!fxi_end_is_near(&feed->pipeline->end))
        return false;
    bool can_replay = !feed->input->instance->plugin->drain;
    return can_replay || !fxi_clock_until(atomic_load(&feed->pipeline->drain_end_ms));
}

int fx_stopping(const struct fx_instance *instance)
{
    return fxi_end_is_near(&instance->pipeline->end);
}

int fx_sleep(const struct fx_instance *instance, int ms)
{
    fxi_pause(instance->pipeline, ms);
    return fx_stopping(instance);
}

static void call_tick(struct fx_instance *instance)
{
    struct fxi_call before = fxi_call_begin(instance, "tick", 0);
    int next_ms = instance->plugin->tick(instance->self);
    fxi_call_end(before);
    instance->tick_ms = fxi_clock_ms() + (next_ms > 0 ? next_ms : (int64_t)instance->plugin->tick_interval_ms);
}

/* The one that is due first; NULL: no instance has ticks. */
static struct fx_instance *find_next(const struct fxi_pipeline *pipeline)
{
    struct fx_instance *next = NULL;
    for (size_t i = 0; i < pipeline->instance_count; i++) {
        struct fx_instance *instance = pipeline->instances[i];
        if (instance->plugin->tick && (!next || instance->tick_ms < next->tick_ms))
            next = instance;
    }
    return next;
}

static void tick_main(void *arg)
{
    struct fxi_pipeline *pipeline = arg;
    while (!fxi_end_is_near(&pipeline->end)) {
        struct fx_instance *next = find_next(pipeline);
        fxi_pause(pipeline, next->tick_ms - fxi_clock_ms());
        if (!fxi_end_is_near(&pipeline->end))
            call_tick(next);
    }
}

int fxi_tick_start(struct fxi_pipeline *pipeline, struct fx_error *err)
{
    int64_t now = fxi_clock_ms();
    for (size_t i = 0; i < pipeline->instance_count; i++)
        pipeline->instances[i]->tick_ms = now + pipeline->instances[i]->plugin->tick_interval_ms;
    return find_next(pipeline) ? fxi_thread_start(&pipeline->tick_thread, "fx-tick", tick_main, pipeline, err) : 0;
}
