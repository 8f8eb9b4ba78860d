/*
 * The pipeline: all instances of the configuration, wired together and run. The main thread calls these functions in
 * this order. free may follow new at once, as with --check.
 */
#ifndef FXI_PIPELINE_PIPELINE_H
#define FXI_PIPELINE_PIPELINE_H

#include "config/config.h"
#include "plugin/loader.h"
#include "util/str.h"

struct fxi_pipeline;

/* Loads plugins, fills options, creates instances. There is no I/O except loading. On failure gives NULL and err. */
struct fxi_pipeline *fxi_pipeline_new(const struct fxi_config *config, struct fxi_loader *loader, struct fx_error *err);

/* Starts outputs, resolvers, inputs, then the workers and the checkpoint thread. After a failure call stop and free. */
int fxi_pipeline_start(struct fxi_pipeline *pipeline, struct fx_error *err);

/*
 * Runs a command in place of starting: that of the first instance whose plugin has a command with this name. The
 * instances' folders in the state directory are found, but neither made nor locked. False: no plugin has it.
 */
bool fxi_pipeline_command(struct fxi_pipeline *pipeline, const char *command, int argc, const char *const *argv,
                          int *status);

/*
 * A descriptor that becomes readable when the pipeline ends by itself: its inputs have ended, or a fatal fault
 * occurred.
 */
int fxi_pipeline_end_fd(const struct fxi_pipeline *pipeline);

/* Any thread: the pipeline will be stopped. A start in progress ends as soon as it can. */
void fxi_pipeline_ask_stop(struct fxi_pipeline *pipeline);

/*
 * Stops inputs, takes the last checkpoint, and stops the rest, within the configured time as far as plugins return.
 * False: some thread can't be ended. Then nothing may be freed, and the process must end.
 */
bool fxi_pipeline_stop(struct fxi_pipeline *pipeline) FX_WARN_UNUSED;

/* Any thread: how the program would have ended if it ended now. */
enum fxi_outcome {
    FXI_OUTCOME_CLEAN,         /* everything counted is committed */
    FXI_OUTCOME_NOT_COMMITTED, /* something counted is not committed, and will be read again */
    FXI_OUTCOME_FAULT          /* a fatal fault */
};
enum fxi_outcome fxi_pipeline_outcome(const struct fxi_pipeline *pipeline);

/*
 * Any thread: adds the parts that the program waits for, then remarks for the operator, as "PART: REASON" with "; "
 * between two. Gives the number of parts that are not ready.
 */
unsigned fxi_pipeline_waits(struct fxi_pipeline *pipeline, struct fxi_str *out);

void fxi_pipeline_free(struct fxi_pipeline *pipeline);

#endif
