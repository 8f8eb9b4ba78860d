/* How long calls of plugins have not returned, as metrics: looked up when somebody asks. Any thread. */
#include "plugin/calls.h"

#include <stdlib.h>

#include "pipeline/wiring.h"
#include "util/alloc.h"

/* Of each instance the longest call; the last place is the core's own. */
struct longest {
    const struct fxi_pipeline *pipeline;
    int64_t *lasted_ms;
};

static void note_longest(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told)
{
    struct longest *longest = arg;
    size_t at = 0;
    (void)told;
    while (at < longest->pipeline->instance_count && longest->pipeline->instances[at] != call->instance)
        at++;
    if (lasted_ms > longest->lasted_ms[at])
        longest->lasted_ms[at] = lasted_ms;
}

void fxi_calls_note(struct fxi_pipeline *pipeline)
{
    size_t count = pipeline->instance_count;
    struct longest longest = {pipeline, fxi_calloc(count + 1, sizeof *longest.lasted_ms)};
    fxi_calls_visit(pipeline->config->pipeline.call_deadline_ms, note_longest, &longest);
    for (size_t i = 0; i <= count; i++)
        fxi_metric_set_put(i < count ? pipeline->instances[i]->call_metrics : pipeline->call_metrics, FXI_CALL_OVERDUE,
                           0, longest.lasted_ms[i] * 1000000);
    free(longest.lasted_ms);
}
