/* The listening socket. Main thread. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "prom.h"

/* "host:port", "[v6]:port" or ":port". */
static int split(const char *address, char *host, size_t host_size, char *port, size_t port_size)
{
    const char *colon = strrchr(address, ':');
    if (!colon || !colon[1])
        return -1;
    size_t size = (size_t)(colon - address);
    if (size >= 2 && address[0] == '[' && address[size - 1] == ']') {
        address++;
        size -= 2;
    } else if (memchr(address, ':', size)) {
        return -1; /* an IPv6 address without brackets */
    }
    if (size >= host_size || strlen(colon + 1) >= port_size)
        return -1;
    memcpy(host, address, size);
    host[size] = '\0';
    strcpy(port, colon + 1);
    return 0;
}

int prom_listen_check(const char *address, const struct fx_instance *instance, struct fx_error *err)
{
    char host[256], port[32], *end;
    if (split(address, host, sizeof host, port, sizeof port))
        return fx_error_option(err, instance, "listen", NULL,
                               "'%s' is not an address: write host:port, [IPv6]:port or :port", address);
    unsigned long number = strtoul(port, &end, 10);
    if (*end || port[0] < '0' || port[0] > '9' || number > 65535)
        return fx_error_option(err, instance, "listen", NULL, "'%s' has no port from 0 to 65535", address);
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

int prom_listen(const char *address, const struct fx_instance *instance, struct fx_error *err)
{
    char host[256], port[32];
    if (prom_listen_check(address, instance, err) || split(address, host, sizeof host, port, sizeof port))
        return FX_EINVAL;
    struct addrinfo hints = {.ai_flags = AI_PASSIVE, .ai_socktype = SOCK_STREAM}, *list;
    int rc = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (rc)
        return fx_error_option(err, instance, "listen", NULL, "can't listen on '%s': %s", address, gai_strerror(rc));
    errno = 0;
    int fd = open_first(list, host[0] ? AF_UNSPEC : AF_INET6, !host[0]);
    if (fd < 0 && !host[0] && errno != EADDRINUSE && errno != EACCES)
        fd = open_first(list, AF_INET, true); /* a machine without IPv6 */
    freeaddrinfo(list);
    if (fd >= 0)
        return fd;
    const char *what = errno == EADDRINUSE ? "; another program listens there: stop it or choose another port"
                       : errno == EACCES   ? "; ports below 1024 need rights: choose another port"
                                           : "";
    return fx_error_option(err, instance, "listen", NULL, "can't listen on '%s': %s%s", address, strerror(errno), what);
}
