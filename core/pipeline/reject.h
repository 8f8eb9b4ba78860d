/* What is done with rejected records: they are logged and, by the option on_malformed, kept or a reason to stop. */
#ifndef FXI_PIPELINE_REJECT_H
#define FXI_PIPELINE_REJECT_H

#include <flow-exporter/feed.h>

#include "plugin/instance.h"

struct fxi_input;
struct fxi_pipeline;

/* For pipeline.c: check checks the options (in create), start opens the file. Give 0, or negative with err. */
int fxi_reject_check(const struct fx_instance *input, struct fx_error *err);
int fxi_reject_start(struct fxi_input *input, struct fx_error *err);

/*
 * The record [from, to) of payload was rejected. where is the place of the fault. The worker's thread. Counts nothing.
 */
void fxi_reject(struct fx_feed *feed, const struct fx_stream *stream, const struct fx_payload *payload,
                const char *reason, const char *where, const char *from, const char *to);

/*
 * Before a commit, under run: stores everything that was rejected before. Negative with err: not stored yet, so nothing
 * is committed now.
 */
int fxi_reject_store(struct fxi_pipeline *pipeline, int timeout_ms, struct fx_error *err);

#endif
