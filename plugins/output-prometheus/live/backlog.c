/* See backlog.h. */
#include "live/backlog.h"

#include <string.h>

#include <flow-exporter/metric.h>

static int64_t arrivals_of_a_minute(const struct prom_backlog *backlog)
{
    unsigned kept = backlog->step_count < PROM_BACKLOG_STEPS ? backlog->step_count : PROM_BACKLOG_STEPS;
    int64_t sum = 0;
    for (unsigned i = 0; i < kept; i++)
        sum += backlog->arrivals[i];
    return kept ? sum / kept * PROM_BACKLOG_STEPS : 0;
}

bool prom_backlog_note(struct prom_backlog *backlog, int64_t lag, int64_t payloads)
{
    int64_t before = backlog->lag, taken = payloads - backlog->payloads;
    bool has_last = backlog->has_last;
    backlog->has_last = true;
    backlog->lag = lag;
    backlog->payloads = payloads;
    if (!has_last)
        return false;
    int64_t arrived = taken + lag - before;
    backlog->arrivals[backlog->step_count++ % PROM_BACKLOG_STEPS] = arrived > 0 ? arrived : 0;
    bool is_mostly_old = taken > 0 && before > taken / 2;
    backlog->is_behind = is_mostly_old && (backlog->is_behind || before > arrivals_of_a_minute(backlog));
    return backlog->is_behind;
}

struct sums {
    int64_t lag, payloads;
};

static void add_sample(void *arg, const struct fx_sample *sample)
{
    struct sums *sums = arg;
    if (strcmp(sample->name, "flow_exporter_kafka_lag_messages") == 0)
        sums->lag += sample->integer;
    else if (strcmp(sample->name, "flow_exporter_payloads_total") == 0)
        sums->payloads += sample->integer;
}

bool prom_backlog_note_inputs(struct prom_backlog *backlog, struct fx_instance *instance)
{
    struct sums sums = {0, 0};
    fx_metrics_visit(instance, add_sample, &sums);
    return prom_backlog_note(backlog, sums.lag, sums.payloads);
}
