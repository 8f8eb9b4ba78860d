/* The listening socket. Main thread, in create (no I/O) and start. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prom.h"

struct place {
    char host[256], port[32];
};

/* "host:port", "[v6]:port" or ":port". */
static int split(const char *address, struct place *place)
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

/* Address reuse, so that a restart binds while old connections linger; no host: IPv6 and IPv4 on one socket. */
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

static int parse(const char *address, struct place *place, const struct fx_instance *instance, struct fx_error *err)
{
    char *end;
    if (split(address, place))
        return fx_error_option(err, instance, "listen", NULL,
                               "'%s' is not an address: write host:port, [IPv6]:port or :port", address);
    unsigned long number = strtoul(place->port, &end, 10);
    if (*end || place->port[0] < '0' || place->port[0] > '9' || number > 65535)
        return fx_error_option(err, instance, "listen", NULL, "'%s' has no port from 0 to 65535", address);
    return 0;
}

int prom_listen_check(const char *address, const struct fx_instance *instance, struct fx_error *err)
{
    struct place place;
    return parse(address, &place, instance, err);
}

static int fail(const char *address, int reason, const struct fx_instance *instance, struct fx_error *err)
{
    const char *what = reason == EADDRINUSE      ? "; another program listens there: stop it or choose another port"
                       : reason == EACCES        ? "; ports below 1024 need rights: choose another port"
                       : reason == EADDRNOTAVAIL ? "; this machine does not have it: choose one of its own, or none"
                                                 : "";
    return fx_error_option(err, instance, "listen", NULL, "can't listen on '%s': %s%s", address, strerror(reason),
                           what);
}

int prom_listen(const char *address, const struct fx_instance *instance, struct fx_error *err)
{
    struct place place;
    if (parse(address, &place, instance, err))
        return FX_EINVAL;
    bool any_host = !place.host[0];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list;
    int rc = getaddrinfo(any_host ? NULL : place.host, place.port, &hints, &list);
    if (rc)
        return fx_error_option(err, instance, "listen", NULL, "can't listen on '%s': %s", address, gai_strerror(rc));
    errno = 0;
    int fd = open_first(list, any_host ? AF_INET6 : AF_UNSPEC, any_host);
    if (fd < 0 && any_host && errno != EADDRINUSE && errno != EACCES)
        fd = open_first(list, AF_INET, true); /* a machine without IPv6 */
    int reason = errno;
    freeaddrinfo(list);
    return fd >= 0 ? fd : fail(address, reason, instance, err);
}

void prom_listen_name(int fd, char name[PROM_ADDRESS_MAX])
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[64] = "?", port[8] = "?"; /* numbers only */
    if (getsockname(fd, (struct sockaddr *)&address, &size) == 0)
        getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(name, PROM_ADDRESS_MAX, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
}
