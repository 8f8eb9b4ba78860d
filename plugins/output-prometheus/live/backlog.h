/*
 * Whether records counted at present had waited at the source. After a pause the counters grow faster than traffic
 * flows, so a rate of that time is not the rate of the traffic. Only the thread of rates.
 */
#ifndef OUTPUT_PROMETHEUS_BACKLOG_H
#define OUTPUT_PROMETHEUS_BACKLOG_H

#include <stdbool.h>
#include <stdint.h>

struct fx_instance;

#define PROM_BACKLOG_STEPS 12 /* arrivals are remembered for this many steps */

struct prom_backlog {
    int64_t arrivals[PROM_BACKLOG_STEPS]; /* payloads that arrived at the source in each step: a ring */
    unsigned step_count;
    int64_t lag, payloads; /* at the end of the last step: payloads waiting at the source; payloads taken since the
                            * start */
    bool has_last, is_behind;
};

/*
 * A step has ended. lag payloads wait now, and payloads were taken since the start. Gives whether most of the step's
 * counts belong to a backlog. A backlog begins when more payloads wait at the beginning of a step than arrive in a
 * minute. It ends when less than half of a step's payloads had been waiting.
 */
bool prom_backlog_note(struct prom_backlog *backlog, int64_t lag, int64_t payloads);
/* Does the same with the numbers that the program's inputs report. An input that knows no lag has none. */
bool prom_backlog_note_inputs(struct prom_backlog *backlog, struct fx_instance *instance);

#endif
