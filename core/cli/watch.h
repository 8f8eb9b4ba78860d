/* The watch: a thread that says what lasts too long, what signals have done, and what the log has kept. */
#ifndef FXI_CLI_WATCH_H
#define FXI_CLI_WATCH_H

#include <stdint.h>

#include <flow-exporter/error.h>

#include "util/thread.h"

struct fxi_watch {
    struct fxi_thread thread;
    int64_t call_deadline_ms;
    int signals[2]; /* a pipe of bytes, each a signal's number; closed: the end */
};

/* Main thread. 0, or negative with err. */
int fxi_watch_start(struct fxi_watch *watch, int64_t call_deadline_ms, struct fx_error *err);
void fxi_watch_stop(struct fxi_watch *watch);

/* The guard: a signal that changes no more than what the program says. Never waits. */
void fxi_watch_tell(struct fxi_watch *watch, int signal_number);

/* Names the calls that have lasted so long, says with what the program ends, and waits a moment for the log. Any thread. */
void fxi_watch_last_words(int64_t shortest_ms, int status);

#endif
