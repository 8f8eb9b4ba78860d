/* Where the log's lines go: standard error, on which no thread may block. Any thread. */
#ifndef FXI_LOG_SINK_H
#define FXI_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* Writes one or more whole lines. Text that can't be written now is kept for later, up to a limit; the rest is lost. */
void fxi_sink_put(const char *data, size_t size);

/* Writes kept lines, as far as standard error takes them. */
void fxi_sink_flush(void);

/* Gives the descriptor to wait for while lines are kept, or -1. */
int fxi_sink_waiting_fd(void);

/* Gives the number of lines lost since the start. */
unsigned long fxi_sink_lost(void);
/* Gives the number of lines lost since the last call, or 0 while standard error takes nothing. */
unsigned long fxi_sink_take_lost(void);

/* Waits at most timeout_ms until the kept lines are written. Afterwards the sink examines standard error anew. */
void fxi_sink_end(int timeout_ms);

#endif
