/*
 * The pipeline: every instance of the configuration, wired together and run.
 * All calls are the main thread's, in this order; new may be followed by free
 * (that is what --check does).
 */
#ifndef FXI_PIPELINE_PIPELINE_H
#define FXI_PIPELINE_PIPELINE_H

#include "config/config.h"
#include "plugin/loader.h"

struct fxi_pipeline;

/* Loads plugins, fills options, creates instances. No I/O but the loading. NULL with err. */
struct fxi_pipeline *fxi_pipeline_new(const struct fxi_config *config, struct fxi_loader *loader, struct fx_error *err);

/* Starts outputs, resolvers, inputs, then the workers and the checkpoint thread. After a failure: stop and free. */
int fxi_pipeline_start(struct fxi_pipeline *pipeline, struct fx_error *err);

/*
 * Instead of starting: runs the command of the first instance whose plugin has one of that name. The folders that
 * instances have in the state directory are looked at, not made or locked. False: there is none.
 */
bool fxi_pipeline_command(struct fxi_pipeline *pipeline, const char *command, int argc, const char *const *argv,
                          int *status);

/* A descriptor that becomes readable when the pipeline has ended by itself (its inputs' end, or a fatal fault). */
int fxi_pipeline_end_fd(const struct fxi_pipeline *pipeline);

/* Any thread: the pipeline is going to be stopped; a start that is under way ends as soon as it can. */
void fxi_pipeline_ask_stop(struct fxi_pipeline *pipeline);

/*
 * Stops inputs, takes the last checkpoint, stops the rest; within the configured time, as far as plugins return. False:
 * a thread can't be ended, so nothing may be freed and only the process's end ends it.
 */
bool fxi_pipeline_stop(struct fxi_pipeline *pipeline) FX_WARN_UNUSED;

/* Any thread: what can be said of the end, if it were now. */
enum fxi_outcome {
    FXI_OUTCOME_CLEAN,         /* what was counted is committed, or nothing was */
    FXI_OUTCOME_NOT_COMMITTED, /* it will be read again */
    FXI_OUTCOME_FAULT          /* a fatal fault */
};
enum fxi_outcome fxi_pipeline_outcome(const struct fxi_pipeline *pipeline);

void fxi_pipeline_free(struct fxi_pipeline *pipeline);

#endif
