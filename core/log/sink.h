/* Where the log's lines go: standard error, for which no thread may have to wait. Any thread. */
#ifndef FXI_LOG_SINK_H
#define FXI_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* One or more whole lines. What can't be written now is kept, in bounds, and written later; what is beyond is lost. */
void fxi_sink_put(const char *data, size_t size);

/* Writes what is kept, as far as it goes. */
void fxi_sink_flush(void);

/* The descriptor to wait for while something is kept; -1: nothing is. */
int fxi_sink_waiting_fd(void);

/* Lines that were lost since the start. */
unsigned long fxi_sink_lost(void);
/* Of these, the lines that were lost since the last call; 0 while standard error takes nothing. */
unsigned long fxi_sink_take_lost(void);

/* Waits at most so long for what is kept, and looks at standard error anew after that. */
void fxi_sink_end(int timeout_ms);

#endif
