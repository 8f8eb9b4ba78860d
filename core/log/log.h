/* The log's own side: how it is set up. Speaking is in <flow-exporter/log.h>. */
#ifndef FXI_LOG_LOG_H
#define FXI_LOG_LOG_H

#include <flow-exporter/log.h>

enum fxi_log_format { FXI_LOG_TEXT = 0, FXI_LOG_JSON = 1 };

/* Main thread, before other threads log. */
void fxi_log_setup(enum fx_log_level level, enum fxi_log_format format);

#endif
