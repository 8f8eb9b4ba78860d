/*
 * A failing disk, to be preloaded: LD_PRELOAD=faulty-disk.so FAULTY_DISK=CONTROL FAULTY_FOLDER=FOLDER. The word in the
 * file CONTROL chooses what fails below FOLDER. "sync": fsync and fdatasync fail with EIO. "full": pwrite fails with
 * ENOSPC. "readonly": files can't be opened for writing, made or removed. "hang": syncs and pwrite never return.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int (*real_fsync)(int);
static int (*real_fdatasync)(int);
static ssize_t (*real_pwrite)(int, const void *, size_t, off_t);
static int (*real_openat)(int, const char *, int, ...);
static int (*real_unlinkat)(int, const char *, int);
static int (*real_mkdirat)(int, const char *, mode_t);

static void *next(const char *name)
{
    return dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void find(void)
{
    real_fsync = next("fsync");
    real_fdatasync = next("fdatasync");
    real_pwrite = next("pwrite");
    real_openat = next("openat");
    real_unlinkat = next("unlinkat");
    real_mkdirat = next("mkdirat");
}

static int is_told(const char *word)
{
    char text[64] = "";
    const char *control = getenv("FAULTY_DISK");
    FILE *file = control ? fopen(control, "re") : NULL;
    if (!file)
        return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    text[size] = '\0';
    fclose(file);
    return strstr(text, word) != NULL;
}

static int is_there(int fd)
{
    char link[64], path[512];
    const char *folder = getenv("FAULTY_FOLDER");
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0 || !folder)
        return 0;
    path[size] = '\0';
    return strncmp(path, folder, strlen(folder)) == 0;
}

static int fails(int fd, const char *word, int code)
{
    while (strcmp(word, "readonly") != 0 && is_there(fd) && is_told("hang"))
        pause();
    if (!is_there(fd) || !is_told(word))
        return 0;
    errno = code;
    return 1;
}

int fsync(int fd)
{
    return fails(fd, "sync", EIO) ? -1 : real_fsync(fd);
}

int fdatasync(int fd)
{
    return fails(fd, "sync", EIO) ? -1 : real_fdatasync(fd);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return fails(fd, "full", ENOSPC) ? -1 : real_pwrite(fd, data, size, at);
}

/* The same function, under the name that it has where off_t has 64 bits. */
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return pwrite(fd, data, size, (off_t)at);
}

int openat(int fd, const char *name, int flags, ...)
{
    va_list args;
    va_start(args, flags);
    mode_t mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & O_ACCMODE) != O_RDONLY && fails(fd, "readonly", EROFS))
        return -1;
    return real_openat(fd, name, flags, mode);
}

int unlinkat(int fd, const char *name, int flags)
{
    return fails(fd, "readonly", EROFS) ? -1 : real_unlinkat(fd, name, flags);
}

int mkdirat(int fd, const char *name, mode_t mode)
{
    return fails(fd, "readonly", EROFS) ? -1 : real_mkdirat(fd, name, mode);
}
