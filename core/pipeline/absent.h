/*
 * Claimed fields that no record of an input has, because of a misspelled name or a wrong preset. They are reported
 * once: in the log, in a metric, and in the text of /-/ready, with the most similar name that the records have.
 *
 * A worker looks at a batch only until it has seen every field. So an input whose records have all fields pays nothing
 * after its first batch. A field that never comes costs one look for each record.
 */
#ifndef FXI_PIPELINE_ABSENT_H
#define FXI_PIPELINE_ABSENT_H

#include <stdbool.h>
#include <stdint.h>

#include <flow-exporter/record.h>

#include "pipeline/mapping.h"

struct fxi_absent; /* each input has one */
struct fxi_metric_set;

/*
 * Main thread, once all claims are known. Fields are judged after after_ms and FXI_ABSENT_RECORDS, whichever is later.
 * Later periods are ten times as long. Gives NULL if after_ms is 0. All functions below accept NULL.
 */
#define FXI_ABSENT_RECORDS 10000
struct fxi_absent *fxi_absent_new(const struct fx_instance *input, const struct fxi_schema *schema,
                                  const struct fxi_mapping *mapping, struct fxi_metric_set *metrics, int64_t after_ms);
void fxi_absent_free(struct fxi_absent *absent);

/* The fields that one worker has not seen yet. Must begin with zeros. */
struct fxi_absent_view {
    uint16_t *left; /* owned */
    unsigned count, period;
};
void fxi_absent_view_fini(struct fxi_absent_view *view);

/* A worker's thread: looks at rows after decoding. */
void fxi_absent_look(struct fxi_absent *absent, struct fxi_absent_view *view, const struct fx_batch *batch);
/* A worker's thread, while a field has not been seen: keeps one payload, to look for names in it. */
void fxi_absent_offer(struct fxi_absent *absent, const char *data, size_t size);
/* A worker's thread, once each poll: judges when it is time. records: the number since the last call. */
void fxi_absent_judge(struct fxi_absent *absent, int64_t records, int64_t now_ms);

/* Any thread: the fields that are absent, as texts for /-/ready. */
void fxi_absent_tell(struct fxi_absent *absent, void (*visit)(void *arg, const char *name, const char *reason),
                     void *arg);

#endif
