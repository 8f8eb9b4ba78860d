/* Files that must be regular ones: opened without waiting. See <flow-exporter/file.h>. Any thread. */
#ifndef FXI_UTIL_REGULAR_H
#define FXI_UTIL_REGULAR_H

#include <errno.h>
#include <stddef.h>

#include <flow-exporter/file.h>

/* The same in a folder (or AT_FDCWD). */
int fxi_regular_open(int dir_fd, const char *name, int flags, const char **why);

/* Reads to the end of the file, at most max bytes. 0 or an errno; *size is what was read. */
int fxi_regular_read(int fd, char *data, size_t max, size_t *size);

/* The errno of a file of another kind: one that opening and reading a regular file never has. */
#define FXI_NOT_REGULAR EMEDIUMTYPE

/* strerror(), but for FXI_NOT_REGULAR. */
const char *fxi_regular_reason(int code);

#endif
