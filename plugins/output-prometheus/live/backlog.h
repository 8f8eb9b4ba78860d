/*
 * Whether what is counted just now had waited at the source: after a pause the counters grow faster than traffic
 * flows, and a rate of that time is not the traffic's. The thread of rates.
 */
#ifndef OUTPUT_PROMETHEUS_BACKLOG_H
#define OUTPUT_PROMETHEUS_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

struct fx_instance;

#define PROM_BACKLOG_STEPS 12 /* arrivals are remembered for so many */

struct prom_backlog {
    int64_t arrivals[PROM_BACKLOG_STEPS]; /* payloads that came to the source in each step: a ring */
    unsigned step_count;
    int64_t lag, payloads; /* at the end of the last step: waiting at the source; taken since the start */
    bool has_last, is_behind;
};

/*
 * A step has ended: how many payloads wait now, and how many were taken since the start. Gives whether most of what the
 * step counted belongs to a backlog: more than arrives in a minute was waiting when the step began, and from then on
 * until less than half of a step's payloads had been waiting.
 */
bool prom_backlog_note(struct prom_backlog *backlog, int64_t lag, int64_t payloads);
/* The same, by what the program's inputs say of themselves. An input that knows no lag has none. */
bool prom_backlog_look(struct prom_backlog *backlog, struct fx_instance *instance);

#endif
