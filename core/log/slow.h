/*
 * A writer that may block: a thread that writes one portion after the other to a descriptor, for the sink, which may
 * not. Called under the sink's lock.
 */
#ifndef FXI_LOG_SLOW_H
#define FXI_LOG_SLOW_H

#include <stddef.h>
#include <sys/types.h>

struct fxi_slow;

/* NULL: no thread could be started. The functions below take NULL: nothing is ever taken. */
struct fxi_slow *fxi_slow_new(int fd);

/* Takes a portion to be written. Like write to a descriptor that does not block: EAGAIN while one is under way. */
ssize_t fxi_slow_take(struct fxi_slow *slow, const char *data, size_t size);

/* A descriptor that can be written (POLLOUT) when fxi_slow_take takes something. It is only to be waited for. */
int fxi_slow_fd(const struct fxi_slow *slow);

/* Waits at most timeout_ms for the portion under way. A writer that still blocks is left behind. */
void fxi_slow_end(struct fxi_slow *slow, int timeout_ms);

#endif
