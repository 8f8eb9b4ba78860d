/* The log's own side: how it is set up. Speaking is in <flow-exporter/log.h>. */
#ifndef FXI_LOG_LOG_H
#define FXI_LOG_LOG_H

#include <stdbool.h>
#include <stddef.h>

#include <flow-exporter/log.h>

enum fxi_log_format { FXI_LOG_TEXT = 0, FXI_LOG_JSON = 1 };

/* Main thread, before other threads log. */
void fxi_log_setup(enum fx_log_level level, enum fxi_log_format format);

/* Any thread: one level more (1) or less (-1). Gives the level as it is then. */
enum fx_log_level fxi_log_step(int step, bool *has_changed);

/* As fx_log, but at any level, and without a speaker. */
void fxi_log_always(enum fx_log_level level, const char *sentence, const char *pairs, ...) FX_PRINTF(3, 4);

/* Text for standard error that is no line of the log, under the same rules: it waits for nobody. */
void fxi_log_print(const char *text, size_t size);

/* Lines that standard error has not taken yet are written, as far as it goes; waiting_fd: what to poll for POLLOUT, or -1. */
void fxi_log_flush(void);
int fxi_log_waiting_fd(void);
/* Before the process ends: waits at most so long for standard error. */
void fxi_log_end(int timeout_ms);

/* Lines that standard error did not take in time. */
unsigned long fxi_log_lost(void);

#endif
