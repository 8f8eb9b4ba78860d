/*
 * Opens a file that must be regular. Any thread. No state is kept.
 *
 * The kind of file is checked before opening, since opening a device can have an effect: a tape rewinds, a watchdog
 * starts. It is checked again after opening, since the file may have been replaced in between. O_NONBLOCK keeps the
 * open from waiting, whatever was put there.
 */
#include "util/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *fxi_regular_reason(int code)
{
    return code == FXI_NOT_REGULAR ? "it is not a regular file" : strerror(code);
}

/* NULL: the file is regular. */
static const char *what_else(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return NULL;
    case S_IFDIR:
        return "it is a folder, not a regular file";
    case S_IFIFO:
        return "it is a FIFO, not a regular file";
    case S_IFSOCK:
        return "it is a socket, not a regular file";
    default:
        return "it is a device, not a regular file";
    }
}

static int fail(int code, const char **why, const char *reason)
{
    if (why)
        *why = reason ? reason : strerror(code);
    return -code;
}

int fxi_regular_open(int dir_fd, const char *name, int flags, const char **why)
{
    struct stat status;
    const char *other;
    if (fstatat(dir_fd, name, &status, flags & O_NOFOLLOW ? AT_SYMLINK_NOFOLLOW : 0) == 0 && !S_ISLNK(status.st_mode) &&
        (other = what_else(status.st_mode)) != NULL)
        return fail(FXI_NOT_REGULAR, why, other);
    int fd = openat(dir_fd, name, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0640);
    if (fd < 0)
        return fail(errno, why, NULL);
    int code = fstat(fd, &status) ? errno : 0;
    other = code ? NULL : what_else(status.st_mode);
    if (!code && !other && fcntl(fd, F_SETFL, flags) < 0)
        code = errno;
    if (!code && !other)
        return fd;
    close(fd);
    return fail(code ? code : FXI_NOT_REGULAR, why, other);
}

int fxi_regular_read(int fd, char *data, size_t max, size_t *size)
{
    *size = 0;
    while (*size < max) {
        ssize_t got = read(fd, data + *size, max - *size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return errno;
        if (got == 0)
            break;
        *size += (size_t)got;
    }
    return 0;
}

int fx_file_open(const char *path, int flags, const char **why)
{
    return fxi_regular_open(AT_FDCWD, path, flags, why);
}
