/* How long calls of plugins have not returned, as metrics and texts, calculated when somebody asks. Any thread. */
#include "plugin/calls.h"

#include <stdio.h>
#include <stdlib.h>

#include "pipeline/wiring.h"
#include "util/alloc.h"

/* The longest call of each instance. The last place is for the core's own calls. */
struct longest {
    const struct fxi_pipeline *pipeline;
    int64_t *lasted_ms;
};

/* instance_count: the core. */
static size_t place_of(const struct fxi_pipeline *pipeline, const struct fxi_call *call)
{
    size_t at = 0;
    while (at < pipeline->instance_count && pipeline->instances[at] != call->instance)
        at++;
    return at;
}

static void note_longest(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told)
{
    struct longest *longest = arg;
    size_t at = place_of(longest->pipeline, call);
    (void)told;
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

struct telling {
    const struct fxi_pipeline *pipeline;
    void (*visit)(void *arg, const char *name, const char *reason);
    void *arg;
};

static void tell(void *arg, const struct fxi_call *call, int64_t lasted_ms, int64_t *told)
{
    const struct telling *telling = arg;
    size_t at = place_of(telling->pipeline, call);
    char reason[FX_READY_REASON_MAX];
    (void)told;
    snprintf(reason, sizeof reason, "the call '%s' has not returned for %.1f s", call->name, (double)lasted_ms / 1000);
    telling->visit(telling->arg,
                   at < telling->pipeline->instance_count ? telling->pipeline->instances[at]->name : "program", reason);
}

void fxi_calls_tell(const struct fxi_pipeline *pipeline, void (*visit)(void *arg, const char *name, const char *reason),
                    void *arg)
{
    struct telling telling = {pipeline, visit, arg};
    fxi_calls_visit(pipeline->config->pipeline.call_deadline_ms, tell, &telling);
}
