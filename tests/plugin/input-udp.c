/*
 * A test input, and the example in docs/plugins.md of an input that can't replay. It receives records as UDP datagrams
 * on 127.0.0.1. At the stop it takes what is still in the socket.
 *
 * One buffer serves any number of datagrams: when it is full, it is flushed and used again. Only the worker's thread
 * enters.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <flow-exporter/plugin.h>

#include "calls.h"

#define BUFFER_BYTES   ((size_t)96 * 1024)
#define DATAGRAM_BYTES ((size_t)65536)

struct udp_options {
    int64_t port, per_poll, pause;
    const char *calls;
};

struct udp {
    struct fx_instance *instance;
    const struct udp_options *options;
    struct fx_stream *stream;
    int socket;
    int64_t count; /* datagrams pushed */
    size_t used;   /* bytes of buffer that the batch may refer to */
    char buffer[BUFFER_BYTES];
};

static int udp_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    struct udp *udp = calloc(1, sizeof *udp);
    if (!udp)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    udp->instance = instance;
    udp->options = options;
    udp->socket = -1;
    *self = udp;
    return 0;
}

static void udp_destroy(void *self)
{
    struct udp *udp = self;
    if (udp->socket >= 0)
        close(udp->socket);
    free(udp);
}

static int udp_start(void *self, struct fx_error *err)
{
    struct udp *udp = self;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)udp->options->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    udp->socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (udp->socket < 0 || bind(udp->socket, (struct sockaddr *)&address, sizeof address) ||
        getsockname(udp->socket, (struct sockaddr *)&address, &size))
        return fx_error_option(err, udp->instance, "port", NULL, "can't listen: %s", strerror(errno));
    calls_note(udp->options->calls, "port %u", ntohs(address.sin_port));
    return 0;
}

/* FX_AGAIN: no datagram is there now. */
static enum fx_verdict take_datagram(struct udp *udp, struct fx_feed *feed)
{
    if (BUFFER_BYTES - udp->used < DATAGRAM_BYTES) {
        if (fx_feed_flush(feed) == FX_FATAL)
            return FX_FATAL;
        udp->used = 0;
    }
    char *at = udp->buffer + udp->used;
    ssize_t size = recv(udp->socket, at, DATAGRAM_BYTES, MSG_DONTWAIT);
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? FX_AGAIN : FX_FATAL;
    udp->used += (size_t)size;
    struct fx_payload payload = {.data = at, .size = (size_t)size, .offset = udp->count, .next = udp->count + 1};
    udp->count++;
    return fx_feed_push(feed, udp->stream, &payload);
}

static enum fx_verdict take_some(struct udp *udp, struct fx_feed *feed, int64_t most)
{
    enum fx_verdict verdict = FX_OK;
    udp->used = 0; /* the records of the last poll are written */
    if (!udp->stream && !(udp->stream = fx_stream_begin(feed, "udp", -1, 0)))
        return FX_FATAL;
    for (int64_t taken = 0; taken < most && verdict == FX_OK; taken++)
        verdict = take_datagram(udp, feed);
    return verdict;
}

static enum fx_verdict udp_poll(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    struct udp *udp = self;
    (void)worker;
    fx_sleep(udp->instance, (int)udp->options->pause);
    struct pollfd in = {.fd = udp->socket, .events = POLLIN};
    return poll(&in, 1, timeout_ms) > 0 ? take_some(udp, feed, udp->options->per_poll) : FX_AGAIN;
}

static enum fx_verdict udp_drain(void *self, void *worker, struct fx_feed *feed, int timeout_ms)
{
    struct udp *udp = self;
    (void)worker;
    calls_note(udp->options->calls, "drain %s", timeout_ms > 0 ? "in time" : "late");
    return take_some(udp, feed, udp->options->per_poll);
}

static void udp_stop(void *self, int timeout_ms)
{
    struct udp *udp = self;
    (void)timeout_ms;
    calls_note(udp->options->calls, "stop after %lld", (long long)udp->count);
}

static const struct fx_option options[] = {
    {FX_OPTION(struct udp_options, port), .type = FX_OPT_INTEGER, .fallback = "0", .max = 65535, .help = "The port."},
    {FX_OPTION(struct udp_options, per_poll), .type = FX_OPT_INTEGER, .fallback = "1000", .min = 1, .max = 100000,
     .help = "The most datagrams of one call."},
    {FX_OPTION(struct udp_options, pause), .type = FX_OPT_DURATION, .fallback = "0ms",
     .help = "How long each poll sleeps first."},
    {FX_OPTION(struct udp_options, calls), .type = FX_OPT_STRING, .help = "Where calls are noted."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_INPUT,        .name = "input-udp",
    .version = "1",         .summary = "Receives datagrams.",
    .options = options,     .options_size = sizeof(struct udp_options),
    .max_workers = 1,       .create = udp_create,
    .destroy = udp_destroy, .start = udp_start,
    .stop = udp_stop,       .poll = udp_poll,
    .drain = udp_drain,
};
