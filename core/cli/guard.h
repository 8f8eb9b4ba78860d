/*
 * The guard: a thread that takes the process's signals, and ends it when an end that has begun does not come to its end.
 * It never waits for anybody: neither for a plugin nor for the log.
 */
#ifndef FXI_CLI_GUARD_H
#define FXI_CLI_GUARD_H

#include <stdint.h>

#include <flow-exporter/error.h>

#include "cli/watch.h"
#include "pipeline/pipeline.h"

struct fxi_guard;

/*
 * Main thread, before any other thread: from now on signals are the guard's, and words about them the watch's. An end may
 * take stop_timeout_ms and FXI_GUARD_GRACE_MS. NULL with err.
 */
struct fxi_guard *fxi_guard_new(int64_t stop_timeout_ms, struct fxi_watch *watch, struct fx_error *err);
#define FXI_GUARD_GRACE_MS 1500

/* Main thread: this one is to be stopped. Until there is a status, it also knows with what to end. */
void fxi_guard_set_pipeline(struct fxi_guard *guard, struct fxi_pipeline *pipeline);
/* Main thread: with what to end from now on; the pipeline is not looked at any more. */
void fxi_guard_set_status(struct fxi_guard *guard, int status);

/* Readable when a signal has asked for the end; and which, or 0. */
int fxi_guard_stop_fd(const struct fxi_guard *guard);
int fxi_guard_signal(const struct fxi_guard *guard);

/* Main thread: an end has begun by itself. */
void fxi_guard_arm(struct fxi_guard *guard);

/* Ends the process now: some thread of it can't be ended. */
void fxi_guard_leave(struct fxi_guard *guard) __attribute__((noreturn));

void fxi_guard_free(struct fxi_guard *guard);

/* daemon.c: the exit status. */
int fxi_status_of_end(enum fxi_outcome outcome);

#endif
