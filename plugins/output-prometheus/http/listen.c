/* Listening sockets. Main thread: checks in create (without I/O), opens in start. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "http/listen.h"
#include "options.h"

/* The system doubles this. It suffices: 256 KiB with a round trip of 50 ms are 5 MB a second. */
#define SEND_BUFFER_BYTES (256 * 1024)

int prom_listen_split(const char *address, struct prom_place *place)
{
    const char *colon = strrchr(address, ':');
    if (!colon || !colon[1] || strlen(colon + 1) >= sizeof place->port)
        return -1;
    size_t size = (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    } else if (memchr(address, ':', size)) {
        return -1; /* an IPv6 address without brackets */
    }
    if (size >= sizeof place->host)
        return -1;
    snprintf(place->host, sizeof place->host, "%.*s", (int)size, address);
    snprintf(place->port, sizeof place->port, "%s", colon + 1);
    return 0;
}

/*
 * Opens a socket that may be bound while old connections linger, as after a restart. Without a host, one socket serves
 * IPv6 and IPv4.
 */
static int open_socket(const struct addrinfo *info, bool any_host)
{
    int on = 1, off = 0;
    int fd = socket(info->ai_family, info->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, info->ai_protocol);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (info->ai_family == AF_INET6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any_host ? &off : &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static int open_first(const struct addrinfo *list, int family, bool any_host)
{
    for (const struct addrinfo *info = list; info; info = info->ai_next) {
        if (family != AF_UNSPEC && info->ai_family != family)
            continue;
        int fd = open_socket(info, any_host);
        if (fd >= 0 || errno == EADDRINUSE || errno == EACCES)
            return fd;
    }
    return -1;
}

static int parse(const char *address, struct prom_place *place, const struct fx_instance *instance,
                 struct fx_error *err)
{
    char *end;
    if (prom_listen_split(address, place))
        return fx_error_option(err, instance, "listen", address,
                               "'%s' is not an address: write host:port, [IPv6]:port, :port or unix:/path", address);
    unsigned long number = strtoul(place->port, &end, 10);
    if (*end || place->port[0] < '0' || place->port[0] > '9' || number > 65535)
        return fx_error_option(err, instance, "listen", address, "'%s' has no port from 0 to 65535", address);
    return 0;
}

static int fail(const char *address, int reason, const struct fx_instance *instance, struct fx_error *err)
{
    const char *what = reason == EADDRINUSE ? "; another program listens there: stop it or choose another port"
                       : reason == EACCES   ? "; ports below 1024 need a privilege: choose another port"
                       : reason == EADDRNOTAVAIL
                           ? "; this machine does not have this address: choose one of its own, or none"
                           : "";
    fx_error_option(err, instance, "listen", address, "can't listen on '%s': %s%s", address, strerror(reason), what);
    return err->code = FX_EIO; /* a later start may succeed: the other program ends, or the address appears */
}

static int open_tcp(struct prom_listener *listener, const char *address, const struct fx_instance *instance,
                    struct fx_error *err)
{
    struct prom_place place;
    if (parse(address, &place, instance, err))
        return FX_EINVAL;
    bool any_host = !place.host[0];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list;
    int rc = getaddrinfo(any_host ? NULL : place.host, place.port, &hints, &list);
    if (rc) {
        fx_error_option(err, instance, "listen", address, "can't listen on '%s': %s", address, gai_strerror(rc));
        return err->code = FX_EIO;
    }
    errno = 0;
    int fd = open_first(list, any_host ? AF_INET6 : AF_UNSPEC, any_host);
    if (fd < 0 && any_host && errno != EADDRINUSE && errno != EACCES)
        fd = open_first(list, AF_INET, true); /* the machine has no IPv6 */
    int reason = errno;
    freeaddrinfo(list);
    listener->fd = fd;
    return fd >= 0 ? 0 : fail(address, reason, instance, err);
}

static bool is_unix(const char *address)
{
    return strncmp(address, "unix:", 5) == 0;
}

static bool is_inherited(const char *address)
{
    return strcmp(address, "systemd") == 0 || strncmp(address, "systemd:", 8) == 0;
}

static int check(const char *address, const struct fx_instance *instance, struct fx_error *err)
{
    struct prom_place place;
    if (is_unix(address))
        return prom_unix_check(address, instance, err);
    if (is_inherited(address))
        return 0;
    return parse(address, &place, instance, err);
}

int prom_listen_check(const struct prom_options *options, const struct fx_instance *instance, struct fx_error *err)
{
    int rc = 0;
    for (size_t i = 0; i < options->listen.count && !rc; i++)
        rc = check(options->listen.items[i], instance, err);
    if (!rc && prom_unix_mode(options->socket_mode) < 0)
        return fx_error_option(err, instance, "socket_mode", NULL,
                               "'%s' is not a file mode: write octal digits in quotes, such as \"0660\"",
                               options->socket_mode);
    return rc;
}

static void name_tcp(struct prom_listener *listener)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[64] = "?", port[8] = "?"; /* numbers only */
    if (getsockname(listener->fd, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(listener->name, sizeof listener->name, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}

/* Settings that accepted connections inherit: little memory for clients that do not read. */
static void set_up(struct prom_listener *listener)
{
    int size = SEND_BUFFER_BYTES;
    setsockopt(listener->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (!listener->name[0])
        name_tcp(listener);
}

static int open_one(struct prom_listeners *listeners, const char *address, const struct prom_options *options,
                    const struct fx_instance *instance, struct fx_error *err)
{
    if (is_inherited(address))
        return prom_inherit(listeners, address, instance, err);
    if (listeners->count == PROM_LISTENERS_MAX)
        return fx_error_option(err, instance, "listen", address, "there are more than %d addresses to listen on",
                               PROM_LISTENERS_MAX);
    struct prom_listener *listener = &listeners->all[listeners->count++];
    *listener = (struct prom_listener){.fd = -1};
    if (is_unix(address))
        return prom_unix_open(listener, address, options, instance, err);
    listener->can_hold = true;
    return open_tcp(listener, address, instance, err);
}

int prom_listen(struct prom_listeners *listeners, const struct prom_options *options,
                const struct fx_instance *instance, struct fx_error *err)
{
    int rc = 0;
    *listeners = (struct prom_listeners){.count = 0};
    for (size_t i = 0; i < options->listen.count && !rc; i++)
        rc = open_one(listeners, options->listen.items[i], options, instance, err);
    for (unsigned i = 0; i < listeners->count && !rc; i++)
        set_up(&listeners->all[i]);
    if (rc)
        prom_listen_close(listeners);
    return rc;
}

/* Removes the file of a Unix socket, unless another program has replaced it. */
static void remove_file(const struct prom_listener *listener)
{
    struct stat found;
    if (listener->path && lstat(listener->path, &found) == 0 && found.st_dev == listener->device &&
        found.st_ino == listener->inode)
        unlink(listener->path);
}

void prom_listen_close(struct prom_listeners *listeners)
{
    for (unsigned i = 0; i < listeners->count; i++) {
        remove_file(&listeners->all[i]);
        if (listeners->all[i].fd >= 0)
            close(listeners->all[i].fd);
    }
    listeners->count = 0;
}
