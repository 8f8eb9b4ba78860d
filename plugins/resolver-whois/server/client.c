/*
 * The state machine of a whois connection. It writes and reads at the same
 * time, since a server may answer before it has read the whole query.
 */
#include "server/client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "server/reach.h"

/* Most reads in a step, so that an endless answer cannot keep the thread from its other duties. */
#define READS_MAX 16

void whois_client_init(struct whois_client *client, void (*take_line)(void *arg, char *line, size_t size), void *arg)
{
    memset(client, 0, sizeof(*client));
    client->fd = -1;
    client->take_line = take_line;
    client->arg = arg;
}

static void close_socket(struct whois_client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
}

static void reset(struct whois_client *client)
{
    close_socket(client);
    if (client->found)
        freeaddrinfo(client->found);
    client->found = client->next = NULL;
    client->phase = WHOIS_IDLE;
}

void whois_client_fini(struct whois_client *client)
{
    reset(client);
    whois_lookup_fini(&client->lookup);
}

void whois_client_begin(struct whois_client *client, const struct whois_address *address, const char *query,
                        size_t query_size, size_t answer_max, int64_t deadline_ms)
{
    client->phase = WHOIS_LOOKING_UP;
    client->address = address;
    client->query = query;
    client->query_size = query_size;
    client->sent_size = 0;
    client->received_size = 0;
    client->received_max = answer_max;
    client->deadline_ms = deadline_ms;
    client->why = NULL;
    client->why_errno = 0;
    client->is_blocked = false;
    whois_lines_init(&client->lines);
}

int64_t whois_client_prepare(const struct whois_client *client, struct pollfd *poll_fd)
{
    *poll_fd = (struct pollfd){.fd = client->fd};
    switch (client->phase) {
    case WHOIS_CONNECTING:
        poll_fd->events = POLLOUT;
        return client->connect_deadline_ms;
    case WHOIS_TALKING:
        poll_fd->events = client->sent_size < client->query_size ? POLLIN | POLLOUT : POLLIN;
        return client->deadline_ms;
    case WHOIS_LOOKING_UP:
        *poll_fd = (struct pollfd){.fd = whois_lookup_fd(&client->lookup), .events = POLLIN};
        return client->deadline_ms;
    case WHOIS_IDLE:
        break;
    }
    return INT64_MAX;
}

static enum whois_result fail(struct whois_client *client, const char *why, int error)
{
    client->why = why;
    client->why_errno = error;
    return WHOIS_FAILED;
}

/* The remaining time is shared among the remaining addresses, so that one dead address costs only its part. */
static void set_connect_deadline(struct whois_client *client, int64_t now_ms)
{
    int64_t addresses = 1;
    for (const struct addrinfo *a = client->next; a; a = a->ai_next)
        addresses++;
    client->connect_deadline_ms = now_ms + (client->deadline_ms - now_ms) / addresses;
}

/* Tries addresses until one connection is under way. */
static enum whois_result connect_next(struct whois_client *client, int64_t now_ms)
{
    close_socket(client);
    while (client->next) {
        const struct addrinfo *address = client->next;
        client->next = address->ai_next;
        /* Checks the very address of this connection: a name may lead elsewhere the next time. */
        if (client->is_public_only && !whois_reach_is_public(address->ai_addr)) {
            client->is_blocked = true;
            continue;
        }
        client->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (client->fd >= 0 &&
            (connect(client->fd, address->ai_addr, address->ai_addrlen) == 0 || errno == EINPROGRESS)) {
            set_connect_deadline(client, now_ms);
            client->phase = WHOIS_CONNECTING;
            return WHOIS_BUSY;
        }
        client->why_errno = errno;
        close_socket(client);
    }
    if (client->is_blocked && !client->why_errno)
        return fail(client, "its name leads to an address that is not public", 0);
    return fail(client, "no connection", client->why_errno);
}

static enum whois_result step_lookup(struct whois_client *client, int64_t now_ms)
{
    const char *why = NULL;
    switch (whois_lookup_poll(&client->lookup, client->address, &client->found, &why)) {
    case WHOIS_LOOKUP_BUSY:
        return WHOIS_BUSY;
    case WHOIS_LOOKUP_FAILED:
        return fail(client, why, 0);
    case WHOIS_LOOKUP_DONE:
        break;
    }
    client->next = client->found;
    return connect_next(client, now_ms);
}

static enum whois_result step_connect(struct whois_client *client, int revents, int64_t now_ms)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (revents == 0) {
        if (now_ms < client->connect_deadline_ms)
            return WHOIS_BUSY;
        error = ETIMEDOUT;
    } else if (getsockopt(client->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) {
        error = errno;
    }
    if (error) {
        client->why_errno = error;
        return connect_next(client, now_ms);
    }
    client->why_errno = 0;
    client->phase = WHOIS_TALKING;
    return WHOIS_BUSY;
}

static enum whois_result step_write(struct whois_client *client)
{
    while (client->sent_size < client->query_size) {
        ssize_t n = send(client->fd, client->query + client->sent_size, client->query_size - client->sent_size,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? WHOIS_BUSY : fail(client, "the query could not be sent", errno);
        client->sent_size += (size_t)n;
    }
    return WHOIS_BUSY;
}

static enum whois_result step_read(struct whois_client *client)
{
    char piece[16384];
    for (int i = 0; i < READS_MAX; i++) {
        ssize_t n = recv(client->fd, piece, sizeof(piece), MSG_DONTWAIT);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? WHOIS_BUSY : fail(client, "the connection broke", errno);
        if (n == 0)
            return client->sent_size == client->query_size ? WHOIS_CLOSED
                                                           : fail(client, "the server did not take the query", 0);
        client->received_size += (size_t)n;
        if (client->received_size > client->received_max)
            return fail(client, "the answer does not end", 0);
        whois_lines_feed(&client->lines, piece, (size_t)n, client->take_line, client->arg);
    }
    return WHOIS_BUSY;
}

static enum whois_result step_phase(struct whois_client *client, int revents, int64_t now_ms)
{
    enum whois_result result = WHOIS_BUSY;
    switch (client->phase) {
    case WHOIS_LOOKING_UP:
        return step_lookup(client, now_ms);
    case WHOIS_CONNECTING:
        return step_connect(client, revents, now_ms);
    case WHOIS_TALKING:
        /* Reads first: what a server said before it hung up is useful. */
        result = step_read(client);
        return result == WHOIS_BUSY ? step_write(client) : result;
    case WHOIS_IDLE:
        break;
    }
    return result;
}

enum whois_result whois_client_step(struct whois_client *client, int revents, int64_t now_ms)
{
    enum whois_result result = step_phase(client, revents, now_ms);
    if (result == WHOIS_BUSY && now_ms >= client->deadline_ms) {
        client->why = "it took too long";
        client->why_errno = 0;
        result = WHOIS_TIMED_OUT;
    }
    if (result != WHOIS_BUSY)
        reset(client);
    return result;
}
