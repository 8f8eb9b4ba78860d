/*
 * Unix sockets. Nobody can connect before mode and group are set. The file of a program that has ended is replaced, but
 * never the file of a running one. Main thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/listen.h"
#include "options.h"

#define PREFIX_SIZE 5 /* "unix:" */

int prom_unix_mode(const char *text)
{
    char *end;
    unsigned long mode = strtoul(text, &end, 8);
    return *end || end == text || *text == '-' || mode > 0777 ? -1 : (int)mode;
}

int prom_unix_check(const char *address, const struct fx_instance *instance, struct fx_error *err)
{
    const char *path = address + PREFIX_SIZE;
    size_t size = strlen(path), max = sizeof((struct sockaddr_un *)0)->sun_path - 1;
    if (path[0] != '/' || path[size - 1] == '/')
        return fx_error_option(err, instance, "listen", address,
                               "'%s' is not an address: write unix: and the absolute path of a socket", address);
    if (size > max)
        return fx_error_option(err, instance, "listen", address,
                               "the path of '%s' is too long for a socket: %zu bytes at most", address, max);
    return 0;
}

static int fail(const char *address, const char *what, const struct fx_instance *instance, struct fx_error *err)
{
    fx_error_option(err, instance, "listen", address, "can't listen on '%s': %s", address, what);
    return err->code = FX_EIO;
}

/* Whether a program listens on the socket at this path. */
static bool is_alive(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return true;
    bool is_dead = connect(fd, (const struct sockaddr *)name, sizeof *name) != 0 && errno == ECONNREFUSED;
    close(fd);
    return !is_dead;
}

/* Frees the path if that is allowed. Gives NULL, or what is wrong. */
static const char *make_free(const struct sockaddr_un *name)
{
    struct stat found;
    if (lstat(name->sun_path, &found))
        return errno == ENOENT ? NULL : strerror(errno);
    if (!S_ISSOCK(found.st_mode))
        return "there is something other than a socket; remove it, or choose another path";
    if (is_alive(name))
        return "another program listens there: stop it or choose another path";
    return unlink(name->sun_path) && errno != ENOENT ? strerror(errno) : NULL;
}

/* Gives NULL, or what is wrong. */
static const char *set_rights(const char *path, const struct prom_options *options)
{
    struct group group, *found = NULL;
    char buffer[4096];
    if (options->socket_group) {
        int rc = getgrnam_r(options->socket_group, &group, buffer, sizeof buffer, &found);
        if (!found)
            return rc ? strerror(rc) : "the group in 'socket_group' does not exist";
        if (chown(path, (uid_t)-1, group.gr_gid))
            return errno == EPERM ? "'socket_group' is not a group of this program's user" : strerror(errno);
    }
    return chmod(path, (mode_t)prom_unix_mode(options->socket_mode)) ? strerror(errno) : NULL;
}

/* Until the mode is set, nobody has any rights: a socket gets the mode of its descriptor, less the umask. */
static const char *bind_and_listen(struct prom_listener *listener, const struct sockaddr_un *name,
                                   const struct prom_options *options)
{
    struct stat made;
    const char *wrong = make_free(name);
    if (wrong)
        return wrong;
    if (fchmod(listener->fd, 0) || bind(listener->fd, (const struct sockaddr *)name, sizeof *name))
        return strerror(errno);
    if (lstat(name->sun_path, &made) == 0) {
        listener->path = strstr(listener->name, "/");
        listener->device = made.st_dev;
        listener->inode = made.st_ino;
    }
    wrong = set_rights(name->sun_path, options);
    return wrong ? wrong : listen(listener->fd, SOMAXCONN) ? strerror(errno) : NULL;
}

/*
 * Two programs may start at once. Neither must take the other's new socket for that of an ended program, so the folder
 * is locked meanwhile.
 */
static int lock_folder(const char *path)
{
    char folder[sizeof((struct sockaddr_un *)0)->sun_path];
    snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    slash[slash == folder] = '\0';
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        flock(fd, LOCK_EX);
    return fd;
}

int prom_unix_open(struct prom_listener *listener, const char *address, const struct prom_options *options,
                   const struct fx_instance *instance, struct fx_error *err)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof name.sun_path, "%s", address + PREFIX_SIZE);
    snprintf(listener->name, sizeof listener->name, "%s", address);
    int lock = lock_folder(name.sun_path);
    if (lock < 0)
        return fail(address, errno == ENOENT ? "its folder does not exist" : strerror(errno), instance, err);
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const char *wrong = listener->fd < 0 ? strerror(errno) : bind_and_listen(listener, &name, options);
    close(lock);
    return wrong ? fail(address, wrong, instance, err) : 0;
}
