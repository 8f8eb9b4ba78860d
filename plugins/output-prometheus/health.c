/* Asks the running program for its health, as a container's health check does. Main thread. */
#include "health.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/listen.h"
#include "prom.h"
#include "web/tls.h"
#include "web/webfile.h"

#define TIMEOUT_MS   5000
#define ANSWER_MAX   16384
#define STATUS_NO    1
#define STATUS_USAGE 64

/* One question on its way. */
struct question {
    const char *address, *path;
    int64_t deadline; /* monotonic, in ms */
    int fd;
    gnutls_certificate_credentials_t credentials;
    gnutls_session_t tls; /* NULL: plain text */
    char answer[ANSWER_MAX];
    size_t size;
    char why[256]; /* what went wrong, or empty */
};

static int fail(struct question *question, const char *what, const char *reason)
{
    snprintf(question->why, sizeof question->why, "%.120s%s%.120s", what, reason ? ": " : "", reason ? reason : "");
    return -1;
}

/* Waits until the socket can be read or written. */
static int wait_for(struct question *question, short events)
{
    struct pollfd fd = {.fd = question->fd, .events = events};
    int64_t left = question->deadline - prom_clock_ms();
    int rc = left > 0 ? poll(&fd, 1, (int)left) : 0;
    if (rc < 0 && errno == EINTR)
        return wait_for(question, events);
    return rc > 0 ? 0 : fail(question, "no answer within 5 s", NULL);
}

/* ---- the connection */

static int connect_socket(struct question *question, const struct sockaddr *address, socklen_t size)
{
    int reason = 0;
    socklen_t reason_size = sizeof reason;
    question->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (question->fd < 0)
        return fail(question, "can't connect", strerror(errno));
    if (connect(question->fd, address, size) == 0)
        return 0;
    if (errno == EINPROGRESS) {
        if (wait_for(question, POLLOUT))
            reason = ETIMEDOUT;
        else
            getsockopt(question->fd, SOL_SOCKET, SO_ERROR, &reason, &reason_size);
    } else {
        reason = errno;
    }
    if (!reason)
        return 0;
    close(question->fd);
    question->fd = -1;
    return fail(question, "can't connect", strerror(reason));
}

static int connect_unix(struct question *question)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", question->address + strlen("unix:"));
    return connect_socket(question, (const struct sockaddr *)&address, sizeof address);
}

/* Where a program that listens on all addresses is found by its own machine. */
static const char *host_to_ask(const char *host)
{
    bool is_any = !*host || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
    return is_any ? NULL : host; /* NULL: loopback, as getaddrinfo(3) has it for an active socket */
}

static int connect_tcp(struct question *question)
{
    struct prom_place place;
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (prom_listen_split(question->address, &place))
        return fail(question, "the address can't be asked", question->address);
    if (strtoul(place.port, NULL, 10) == 0)
        return fail(question, "the port is 0, any free one: only the program's log says which", NULL);
    int rc = getaddrinfo(host_to_ask(place.host), place.port, &hints, &list);
    if (rc)
        return fail(question, "can't find the address", gai_strerror(rc));
    rc = -1;
    for (const struct addrinfo *info = list; info && rc; info = info->ai_next)
        rc = connect_socket(question, info->ai_addr, info->ai_addrlen);
    freeaddrinfo(list);
    if (!rc)
        question->why[0] = '\0'; /* of an address before */
    return rc;
}

static int connect_to(struct question *question)
{
    if (strncmp(question->address, "systemd", 7) == 0)
        return fail(question, "'listen: systemd' does not say where the page is: ask the socket unit's address", NULL);
    return strncmp(question->address, "unix:", 5) == 0 ? connect_unix(question) : connect_tcp(question);
}

/* ---- TLS */

/* The peer is this machine's own program, whose certificate names other hosts: the certificate is not verified. */
static int begin_tls(struct question *question)
{
    if (gnutls_certificate_allocate_credentials(&question->credentials) ||
        gnutls_init(&question->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK))
        return fail(question, "TLS", "out of memory");
    gnutls_set_default_priority(question->tls);
    gnutls_credentials_set(question->tls, GNUTLS_CRD_CERTIFICATE, question->credentials);
    gnutls_transport_set_int(question->tls, question->fd);
    for (;;) {
        int rc = gnutls_handshake(question->tls);
        if (rc == GNUTLS_E_SUCCESS)
            return 0;
        if (gnutls_error_is_fatal(rc))
            return fail(question, "TLS", gnutls_strerror(rc));
        if (wait_for(question, gnutls_record_get_direction(question->tls) ? POLLOUT : POLLIN))
            return -1;
    }
}

static void end(struct question *question)
{
    if (question->tls)
        gnutls_deinit(question->tls);
    if (question->credentials)
        gnutls_certificate_free_credentials(question->credentials);
    if (question->fd >= 0)
        close(question->fd);
}

/* ---- request and answer */

/* A size, 0 at the end of the stream, or -1 with errno; EAGAIN: later. */
static ssize_t transfer(struct question *question, bool sends, char *data, size_t size)
{
    if (!question->tls)
        return sends ? send(question->fd, data, size, MSG_NOSIGNAL) : recv(question->fd, data, size, 0);
    ssize_t rc = sends ? gnutls_record_send(question->tls, data, size) : gnutls_record_recv(question->tls, data, size);
    if (rc == GNUTLS_E_PREMATURE_TERMINATION)
        return 0;
    if (rc < 0)
        errno = gnutls_error_is_fatal((int)rc) ? EPROTO : EAGAIN;
    return rc < 0 ? -1 : rc;
}

static int send_request(struct question *question)
{
    char request[256];
    int size = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nUser-Agent: flow-exporter\r\nConnection: close\r\n\r\n",
                        question->path);
    for (int sent = 0; sent < size;) {
        ssize_t rc = transfer(question, true, request + sent, (size_t)(size - sent));
        if (rc > 0)
            sent += (int)rc;
        else if (rc < 0 && errno != EAGAIN && errno != EINTR)
            return fail(question, "the connection broke", strerror(errno));
        else if (wait_for(question, POLLOUT))
            return -1;
    }
    return 0;
}

static int read_answer(struct question *question)
{
    while (question->size < sizeof question->answer - 1) {
        ssize_t rc =
            transfer(question, false, question->answer + question->size, sizeof question->answer - 1 - question->size);
        if (rc == 0)
            break;
        if (rc > 0)
            question->size += (size_t)rc;
        else if (errno != EAGAIN && errno != EINTR)
            return fail(question, "the connection broke", strerror(errno));
        else if (wait_for(question, POLLIN))
            return -1;
    }
    question->answer[question->size] = '\0';
    return 0;
}

static int ask(struct question *question, bool uses_tls)
{
    if (connect_to(question) || (uses_tls && begin_tls(question)) || send_request(question))
        return -1;
    return read_answer(question);
}

/* Prints the answer's text and returns the exit status. */
static int judge(const struct question *question)
{
    int code = 0;
    const char *body = strstr(question->answer, "\r\n\r\n");
    if (sscanf(question->answer, "HTTP/1.%*d %d", &code) != 1 || !body) {
        fprintf(stderr, "flow-exporter: %s does not answer as HTTP\n", question->address);
        return STATUS_NO;
    }
    fputs(body + 4, stdout);
    size_t size = strlen(body);
    if (size > 4 && body[size - 1] != '\n')
        putchar('\n');
    return code == 200 ? 0 : STATUS_NO;
}

static int ask_and_judge(const struct prom_output *output, const char *path)
{
    struct question question = {.address = output->options->listen.items[0], .path = path, .fd = -1};
    const struct prom_tls *tls = output->host.webfile ? output->host.webfile->current->tls : NULL;
    question.deadline = prom_clock_ms() + TIMEOUT_MS;
    int status = STATUS_NO;
    if (tls && prom_tls_verifies(tls))
        fail(&question, "the page asks for a client's certificate, which this command does not have", NULL);
    else if (ask(&question, tls) == 0)
        status = judge(&question);
    if (question.why[0])
        fprintf(stderr, "flow-exporter: %s: %s\n", question.address, question.why);
    end(&question);
    return status;
}

int prom_health_run(void *self, int argc, const char *const *argv)
{
    if (argc == 0 || (argc == 1 && strcmp(argv[0], "ready") == 0))
        return ask_and_judge(self, "/-/ready");
    if (argc == 1 && strcmp(argv[0], "alive") == 0)
        return ask_and_judge(self, "/-/healthy");
    fputs("flow-exporter: 'health' takes 'ready' (the default) or 'alive'\n", stderr);
    return STATUS_USAGE;
}
