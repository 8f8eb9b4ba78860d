/* Sockets that systemd has opened and passed on, as in sd_listen_fds(3). Main thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/listen.h"

#define FIRST_FD    3
#define PREFIX_SIZE 7 /* "systemd" */

static long number_of(const char *variable)
{
    const char *text = getenv(variable);
    char *end;
    long number = text ? strtol(text, &end, 10) : 0;
    return text && *text && !*end ? number : 0;
}

/* Whether the index-th name in LISTEN_FDNAMES, a list separated by colons, is this name. */
static bool has_name(long index, const char *name)
{
    const char *at = getenv("LISTEN_FDNAMES");
    while (at && index-- > 0) {
        at = strchr(at, ':');
        at = at ? at + 1 : NULL;
    }
    return at && strcspn(at, ":") == strlen(name) && strncmp(at, name, strlen(name)) == 0;
}

static bool is_listening(int fd)
{
    int type = 0, listens = 0;
    socklen_t size = sizeof type;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens;
}

/* Takes a copy, so that it can be closed like our own sockets. The socket, its file and its mode stay with systemd. */
static int take(struct prom_listeners *listeners, int fd, const char *address, const struct fx_instance *instance,
                struct fx_error *err)
{
    if (!is_listening(fd))
        return fx_error_option(err, instance, "listen", address,
                               "descriptor %d from systemd is not a listening stream socket: the socket unit needs "
                               "ListenStream= and Accept=no",
                               fd);
    if (listeners->count == PROM_LISTENERS_MAX)
        return fx_error_option(err, instance, "listen", address, "systemd has handed over more than %d sockets",
                               PROM_LISTENERS_MAX);
    struct prom_listener *listener = &listeners->all[listeners->count];
    *listener = (struct prom_listener){.fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD)};
    if (listener->fd < 0 || fcntl(listener->fd, F_SETFL, fcntl(listener->fd, F_GETFL) | O_NONBLOCK))
        return fx_error_set(err, FX_EIO, "can't use descriptor %d: %s", fd, strerror(errno));
    listeners->count++;
    return 0;
}

int prom_inherit(struct prom_listeners *listeners, const char *address, const struct fx_instance *instance,
                 struct fx_error *err)
{
    const char *name = address[PREFIX_SIZE] ? address + PREFIX_SIZE + 1 : NULL;
    long count = number_of("LISTEN_PID") == (long)getpid() ? number_of("LISTEN_FDS") : 0;
    bool is_any = false;
    for (long i = 0; i < count; i++) {
        if (name && !has_name(i, name))
            continue;
        int rc = take(listeners, FIRST_FD + (int)i, address, instance, err);
        if (rc)
            return rc;
        is_any = true;
    }
    return is_any ? 0
                  : fx_error_option(err, instance, "listen", address,
                                    "systemd has handed over no socket%s%s: start the program by a socket unit, or "
                                    "write an address",
                                    name ? " named " : "", name ? name : "");
}
