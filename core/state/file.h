/*
 * Small files, whole. 0 or an errno, or FXI_NOT_REGULAR (text: fxi_regular_reason); descriptors are the caller's.
 * Any thread.
 */
#ifndef FXI_STATE_FILE_H
#define FXI_STATE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* All of it, at this place of the file. */
int fxi_file_write(int fd, const void *data, size_t size, uint64_t at);
/* A heap copy of the file, at most max bytes (else EFBIG), ended by a NUL that is not counted. */
int fxi_file_get(int dir_fd, const char *name, uint64_t max, char **data, size_t *size);
/* Writes and syncs it in place (a longer rest of before stays); a new file's name is synced, too. */
int fxi_file_put(int dir_fd, const char *name, const void *data, size_t size);
/* Opens a file to write; a new one's name is synced. A negative errno. */
int fxi_file_open(int dir_fd, const char *name, int flags);

#endif
