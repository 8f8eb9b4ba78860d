#include "cli/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "util/str.h"

static const char *socket_name(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    return name && (*name == '/' || *name == '@') ? name : NULL;
}

bool fxi_notify_is_wanted(void)
{
    return socket_name() != NULL;
}

static bool send_text(const char *name, const struct fxi_str *text)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t size = strlen(name);
    if (size >= sizeof to.sun_path)
        return false;
    memcpy(to.sun_path, name, size);
    if (*name == '@') /* an abstract name, which is in no file system, begins with NUL */
        to.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return false;
    ssize_t sent;
    do
        sent = sendto(fd, text->data, text->size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to,
                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size));
    while (sent < 0 && errno == EINTR);
    close(fd);
    return sent >= 0;
}

bool fxi_notify(const char *format, ...)
{
    const char *name = socket_name();
    if (!name)
        return false;
    struct fxi_str text = {0};
    va_list args;
    va_start(args, format);
    fxi_str_vprintf(&text, format, args);
    va_end(args);
    bool is_sent = send_text(name, &text);
    fxi_str_fini(&text);
    return is_sent;
}

int64_t fxi_notify_watchdog_ms(void)
{
    const char *us = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!socket_name() || !us || (pid && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    long long ms = strtoll(us, NULL, 10) / 1000;
    return ms > 0 ? ms : 0;
}
