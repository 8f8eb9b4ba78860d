/* The watch: a thread that names calls that last too long, logs signals, and writes lines that the log has kept. */
#ifndef FXI_CLI_WATCH_H
#define FXI_CLI_WATCH_H

#include <stdint.h>

#include <flow-exporter/error.h>

#include "util/thread.h"

struct fxi_watch {
    struct fxi_thread thread;
    int64_t call_deadline_ms;
    int64_t watchdog_ms; /* the time that systemd waits; 0: it does not watch */
    int64_t fed_ms;      /* when the watchdog was last fed */
    int signals[2];      /* a pipe of signal numbers, one byte each; closing it ends the thread */
};

/* Starts the watch. Main thread. Returns 0, or a negative code with err filled. */
int fxi_watch_start(struct fxi_watch *watch, int64_t call_deadline_ms, struct fx_error *err);
void fxi_watch_stop(struct fxi_watch *watch);

/* Called by the guard: passes on a signal that changes only what the program logs. Never waits. */
void fxi_watch_tell(struct fxi_watch *watch, int signal_number);

/*
 * Names the calls that have lasted shortest_ms or more, logs the exit status, and waits a moment for the log. Any
 * thread.
 */
void fxi_watch_last_words(int64_t shortest_ms, int status);

#endif
