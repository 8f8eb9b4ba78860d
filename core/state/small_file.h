/*
 * Small files, read and written as a whole. Results are 0, an errno, or FXI_NOT_REGULAR (fxi_regular_reason gives the
 * text). The caller owns the descriptors. Any thread.
 */
#ifndef FXI_STATE_SMALL_FILE_H
#define FXI_STATE_SMALL_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Writes all of data at this place in the file. */
int fxi_file_write(int fd, const void *data, size_t size, uint64_t at);
/* Reads the file to the heap, at most max bytes (else EFBIG). A NUL, not counted in *size, is added. */
int fxi_file_get(int dir_fd, const char *name, uint64_t max, char **data, size_t *size);
/* Writes the file in place and syncs it. A longer file keeps its rest. A new file's name is synced too. */
int fxi_file_put(int dir_fd, const char *name, const void *data, size_t size);
/* Opens a file for writing. A new file's name is synced. Gives the descriptor or a negative errno. */
int fxi_file_open(int dir_fd, const char *name, int flags);

#endif
