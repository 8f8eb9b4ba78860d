/*
 * The parts of the program, as configured: for an output that shows the pipeline. What each of them did is in the self
 * metrics (metric.h) with its name as the label plugin; what it waits for is in ready.h.
 */
#ifndef FLOW_EXPORTER_PART_H
#define FLOW_EXPORTER_PART_H

#include <flow-exporter/visibility.h>

struct fx_instance;

struct fx_part {
    const char *name;   /* of the instance: the label plugin of its metrics */
    const char *plugin; /* which plugin it is of, and that one's version */
    const char *version;
    int kind;         /* enum fx_kind */
    unsigned workers; /* of an input, its own; else those of the program */
};

/*
 * Shows every instance: inputs, resolvers, outputs, each in the order of the configuration, which is the way of a
 * record. From start on; any thread, no lock; pointers are valid as long as the instance. Since ABI 1.1.
 */
FX_API void fx_part_visit(struct fx_instance *instance, void (*visit)(void *arg, const struct fx_part *part),
                          void *arg);

#endif
