/* How the log is set up and driven. Functions that write lines are in <flow-exporter/log.h>. */
#ifndef FXI_LOG_LOGGER_H
#define FXI_LOG_LOGGER_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/error.h>
#include <flow-exporter/log.h>

enum fxi_log_format { FXI_LOG_TEXT = 0, FXI_LOG_JSON = 1 };

/* Main thread, before any other thread logs. */
void fxi_log_setup(enum fx_log_level level, enum fxi_log_format format);

/* Logs one level more (1) or less (-1). Returns the new level. Any thread. */
enum fx_log_level fxi_log_step(int step, bool *has_changed);

/* Logs as fx_log does, but whatever the configured level is, and without a speaker. */
void fxi_log_always(enum fx_log_level level, const char *sentence, const char *pairs, ...) FX_PRINTF(3, 4);

/*
 * If the log's lines are JSON: logs an error with its place, and gives true. Otherwise the caller prints the error for
 * people.
 */
bool fxi_log_error(const struct fx_error *err);

/* Writes an error that is not a log line to standard error. Like the log, it never waits. */
void fxi_log_print(const char *text, size_t size);

/*
 * fxi_log_flush writes kept lines as far as standard error takes them. fxi_log_waiting_fd gives the descriptor to poll
 * for POLLOUT, or -1 if nothing is kept.
 */
void fxi_log_flush(void);
int fxi_log_waiting_fd(void);
/* Call it before the process ends. Waits at most timeout_ms for standard error. */
void fxi_log_end(int timeout_ms);

/* Gives the number of lines lost because standard error did not take them in time. */
unsigned long fxi_log_lost(void);

#endif
