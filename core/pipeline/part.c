/* The instances, for plugins that ask. They do not change after the start, so any thread may ask without a lock. */
#include <flow-exporter/plugin.h>

#include "pipeline/wiring.h"

static void visit_kind(const struct fxi_pipeline *pipeline, enum fx_kind kind,
                       void (*visit)(void *arg, const struct fx_part *part), void *arg)
{
    for (size_t i = 0; i < pipeline->instance_count; i++) {
        const struct fx_instance *instance = pipeline->instances[i];
        if (instance->plugin->kind != (uint32_t)kind)
            continue;
        struct fx_part part = {.name = instance->name,
                               .plugin = instance->plugin->name,
                               .version = instance->plugin->version,
                               .kind = (int)kind,
                               .workers = instance->workers};
        visit(arg, &part);
    }
}

void fx_part_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_part *part), void *arg)
{
    for (int kind = FX_KIND_INPUT; kind <= FX_KIND_OUTPUT; kind++)
        visit_kind(instance->pipeline, (enum fx_kind)kind, visit, arg);
}
