/*
 * The parts of the program, as configured, for an output that shows the pipeline. The work done by each part is in the
 * self metrics (metric.h), where the label plugin is the part's name. What a part waits for is told by ready.h.
 */
#ifndef FLOW_EXPORTER_PART_H
#define FLOW_EXPORTER_PART_H

#include <flow-exporter/visibility.h>

FX_C_BEGIN

struct fx_instance;

struct fx_part {
    const char *name;    /* of the instance; also the label plugin of its metrics */
    const char *plugin;  /* the plugin's name */
    const char *version; /* the plugin's version */
    int kind;            /* enum fx_kind */
    unsigned workers;    /* of an input: its own workers; of others: all workers of the program */
};

/*
 * Calls visit for every instance in the order in which records pass: inputs, then resolvers, then outputs, each kind in
 * the order of the configuration. From start on; any thread, no lock. Pointers are valid as long as the instance.
 */
FX_API void fx_part_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_part *part),
                          void *arg);

FX_C_END

#endif
