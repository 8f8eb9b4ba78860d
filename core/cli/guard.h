/*
 * The guard: a thread that takes the process's signals, and ends the process when stopping takes too long. The guard
 * never waits for a plugin or for the log.
 */
#ifndef FXI_CLI_GUARD_H
#define FXI_CLI_GUARD_H

#include <stdint.h>

#include <flow-exporter/error.h>

#include "cli/watch.h"
#include "pipeline/pipeline.h"

struct fxi_guard;

/*
 * Starts the guard. Main thread, before any other thread is made. From now on the guard takes signals, and the watch
 * logs them. Stopping may take stop_timeout_ms plus FXI_GUARD_GRACE_MS. Returns NULL with err filled on failure.
 */
struct fxi_guard *fxi_guard_new(int64_t stop_timeout_ms, struct fxi_watch *watch, struct fx_error *err);
#define FXI_GUARD_GRACE_MS 1500

/* Main thread: names the pipeline to be stopped. Until fxi_guard_set_status is called, it also gives the status. */
void fxi_guard_set_pipeline(struct fxi_guard *guard, struct fxi_pipeline *pipeline);
/* Main thread: sets the exit status. From now on the guard does not use the pipeline. */
void fxi_guard_set_status(struct fxi_guard *guard, int status);

/* A descriptor that becomes readable when a signal has asked for the end; and the number of that signal, or 0. */
int fxi_guard_stop_fd(const struct fxi_guard *guard);
int fxi_guard_signal(const struct fxi_guard *guard);

/* Main thread: the program has begun to stop without a signal. */
void fxi_guard_arm(struct fxi_guard *guard);

/* The time that the stop may still take. After it the guard ends the process. */
int64_t fxi_guard_left_ms(const struct fxi_guard *guard);

/* Ends the process now, because one of its threads can't be ended. */
void fxi_guard_leave(struct fxi_guard *guard) __attribute__((noreturn));

void fxi_guard_free(struct fxi_guard *guard);

#endif
