/* Reads and writes whole files, and syncs them. */
#include "state/small_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/alloc.h"
#include "util/regular.h"

int fxi_file_write(int fd, const void *data, size_t size, uint64_t at)
{
    const char *from = data;
    while (size) {
        ssize_t done = pwrite(fd, from, size, (off_t)at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return done < 0 ? errno : EIO;
        from += done;
        at += (uint64_t)done;
        size -= (size_t)done;
    }
    return 0;
}

int fxi_file_get(int dir_fd, const char *name, uint64_t max, char **data, size_t *size)
{
    int fd = fxi_regular_open(dir_fd, name, O_RDONLY, NULL);
    if (fd < 0)
        return -fd;
    struct stat status;
    int rc = fstat(fd, &status) ? errno : (uint64_t)status.st_size > max ? EFBIG : 0;
    if (!rc) {
        *data = fxi_calloc(1, (size_t)status.st_size + 1);
        rc = fxi_regular_read(fd, *data, (size_t)status.st_size, size);
        if (rc)
            free(*data);
    }
    close(fd);
    return rc;
}

int fxi_file_open(int dir_fd, const char *name, int flags)
{
    int fd = fxi_regular_open(dir_fd, name, flags, NULL);
    if (fd != -ENOENT)
        return fd;
    fd = fxi_regular_open(dir_fd, name, flags | O_CREAT, NULL);
    if (fd < 0)
        return fd;
    if (fsync(dir_fd)) {
        int code = errno;
        close(fd);
        return -code;
    }
    return fd;
}

int fxi_file_put(int dir_fd, const char *name, const void *data, size_t size)
{
    int fd = fxi_file_open(dir_fd, name, O_WRONLY);
    if (fd < 0)
        return -fd;
    int rc = fxi_file_write(fd, data, size, 0);
    if (!rc && fdatasync(fd))
        rc = errno;
    if (close(fd) && !rc)
        rc = errno;
    return rc;
}
