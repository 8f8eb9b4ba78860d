/*
 * What producers announce: pmacct's markers purge_init and purge_close tell the number of records between them. It is
 * compared with the records received from each writer. Off unless the option watch_markers is set, since it costs time
 * for every record.
 *
 * While a purge lasts, a writer is known by its whole writer_id. Labels show only the name in it. The process number,
 * which changes at each purge, is never a label.
 */
#ifndef FXI_PIPELINE_MARKERS_H
#define FXI_PIPELINE_MARKERS_H

#include <flow-exporter/record.h>

#include "metrics/metrics.h"
#include "pipeline/schema.h"

struct fxi_markers;       /* of an input; has its own lock */
struct fxi_writer_counts; /* of a worker, since the last merge */

/* The fields of markers and records. Call before the schema is closed. Gives 0, or negative with err. */
struct fxi_marker_fields {
    int event_type, writer_id, purged_entries;
};
int fxi_markers_claim(struct fxi_schema *schema, struct fxi_marker_fields *fields, struct fx_error *err);

/* wait_ms: how long after a purge_close records may still arrive in other partitions. set: FXI_INPUT_... */
struct fxi_markers *fxi_markers_new(struct fxi_metric_set *set, const struct fxi_marker_fields *fields,
                                    int64_t wait_ms);
void fxi_markers_free(struct fxi_markers *markers);
struct fxi_writer_counts *fxi_writer_counts_new(struct fxi_markers *markers);
void fxi_writer_counts_free(struct fxi_writer_counts *counts);

/*
 * Only the worker's thread. record: one record. marker: one marker. merge: once each poll, merges the worker's counts.
 * now_ms is monotonic.
 */
void fxi_markers_record(struct fxi_writer_counts *counts, const struct fx_value *row);
void fxi_markers_marker(struct fxi_writer_counts *counts, const struct fx_value *row, int64_t now_ms);
void fxi_markers_merge(struct fxi_writer_counts *counts, int64_t now_ms);

/* Streams have begun, ended or gone back, so purges in progress can't be judged any more. Any thread. */
void fxi_markers_spoil(struct fxi_markers *markers);

#endif
