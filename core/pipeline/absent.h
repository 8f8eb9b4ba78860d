/*
 * Claimed fields that no record of an input has: a misspelled name, a wrong preset. They are told once, in the log, a
 * metric and the text of /-/ready, with the nearest name that the records do have.
 *
 * A worker looks at a batch only until every field has been seen. So an input whose records have all fields pays
 * nothing after its first batch, and a field that never comes costs one look a record.
 */
#ifndef FXI_PIPELINE_ABSENT_H
#define FXI_PIPELINE_ABSENT_H

#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/record.h>

#include "pipeline/mapping.h"

struct fxi_absent; /* one of each input */
struct fxi_metric_set;

/*
 * Main thread, once all claims are known. Fields are judged after after_ms and FXI_ABSENT_RECORDS, whichever is later;
 * after that, ten times as long. Gives NULL if after_ms is 0. NULL may be given to all functions below.
 */
#define FXI_ABSENT_RECORDS 10000
struct fxi_absent *fxi_absent_new(const struct fx_instance *input, const struct fxi_schema *schema,
                                  const struct fxi_mapping *mapping, struct fxi_metric_set *metrics, int64_t after_ms);
void fxi_absent_free(struct fxi_absent *absent);

/* What one worker has not seen yet. Begins with zeros. */
struct fxi_absent_view {
    uint16_t *left; /* owned */
    unsigned count, period;
};
void fxi_absent_view_fini(struct fxi_absent_view *view);

/* A worker's thread: looks at rows as they were decoded. */
void fxi_absent_look(struct fxi_absent *absent, struct fxi_absent_view *view, const struct fx_batch *batch);
/* A worker's thread, for payloads while a field has not been seen: keeps one, in which names are looked for. */
void fxi_absent_offer(struct fxi_absent *absent, const char *data, size_t size);
/* A worker's thread, once each poll: judges when it is time. records: those since the last call. */
void fxi_absent_judge(struct fxi_absent *absent, int64_t records, int64_t now_ms);

/* Any thread: the fields that are absent, as texts for /-/ready. */
void fxi_absent_tell(struct fxi_absent *absent, void (*visit)(void *arg, const char *name, const char *reason),
                     void *arg);

#endif
