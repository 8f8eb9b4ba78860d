/* Opens files that must be regular, without waiting. See <flow-exporter/file.h>. Any thread. */
#ifndef FXI_UTIL_REGULAR_H
#define FXI_UTIL_REGULAR_H

#include <errno.h>
#include <stddef.h>

#include <flow-exporter/file.h>

/* Like fx_file_open, but relative to a folder (or AT_FDCWD). */
int fxi_regular_open(int dir_fd, const char *name, int flags, const char **why);

/* Reads to the end of the file, at most max bytes. Gives 0 or an errno. *size is the number of bytes read. */
int fxi_regular_read(int fd, char *data, size_t max, size_t *size);

/* The errno for a file that is not regular. Opening or reading a regular file never gives this one. */
#define FXI_NOT_REGULAR EMEDIUMTYPE

/* strerror() that also knows FXI_NOT_REGULAR. */
const char *fxi_regular_reason(int code);

#endif
