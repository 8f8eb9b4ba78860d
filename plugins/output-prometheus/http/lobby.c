/* See lobby.h. Only the accepting thread enters. */
#include "http/lobby.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "self_metrics.h"

#define WAITERS_A_PLACE 4
/* The part of a request that the lobby looks at. A connection that has sent more counts as ready. */
#define LOOK_BYTES 4096
/* The head of a TLS record has its type, its version and its length. */
#define TLS_HEAD      5
#define TLS_HANDSHAKE 22

/* ---- Beginning and end */

/* Half of the descriptors that the process may have and connections do not use. */
static unsigned waiters_max(const struct prom_limits *limits)
{
    struct rlimit limit;
    rlim_t taken = (rlim_t)limits->connections + PROM_BEHIND_MAX,
           wanted = (rlim_t)limits->connections * WAITERS_A_PLACE;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        rlim_t left = limit.rlim_cur > taken ? (limit.rlim_cur - taken) / 2 : 0;
        wanted = wanted < left ? wanted : left;
    }
    return (unsigned)wanted;
}

int prom_lobby_init(struct prom_lobby *lobby, const struct prom_lobby *from, struct fx_error *err)
{
    unsigned max = waiters_max(&from->connections->limits);
    *lobby = *from;
    lobby->max = max;
    lobby->ready_max = max - max / 4;
    lobby->waiters = calloc(max + 1, sizeof *lobby->waiters);
    lobby->looks = calloc(max + 1, sizeof *lobby->looks);
    if (lobby->waiters && lobby->looks)
        return 0;
    prom_lobby_fini(lobby);
    return fx_error_set(err, FX_ENOMEM, "out of memory");
}

static void note_count(const struct prom_lobby *lobby)
{
    fx_metric_set(lobby->connections->instance, PROM_CONNECTIONS_WAITING, 0, lobby->count);
}

static void forget(struct prom_lobby *lobby, struct prom_waiter *waiter)
{
    waiter->peer->ready -= waiter->is_ready;
    lobby->ready -= waiter->is_ready;
    prom_peer_leave(lobby->connections, waiter->peer);
    free(waiter);
}

static void end(struct prom_lobby *lobby, struct prom_waiter *waiter, enum prom_closed why)
{
    fx_metric_add(lobby->connections->instance, PROM_CONNECTIONS_CLOSED, why, 1);
    close(waiter->client.fd);
    forget(lobby, waiter);
}

void prom_lobby_fini(struct prom_lobby *lobby)
{
    for (unsigned i = 0; i < lobby->count; i++) {
        close(lobby->waiters[i]->client.fd);
        forget(lobby, lobby->waiters[i]);
    }
    lobby->count = 0;
    if (lobby->connections)
        note_count(lobby);
    free(lobby->waiters);
    free(lobby->looks);
    lobby->waiters = NULL;
    lobby->looks = NULL;
}

/* ---- Which connection leaves when there are too many */

/*
 * Whether a leaves before b. First comes the address with the most connections, then those without a request. Among
 * equals, the newest request leaves first, or the oldest connection without one.
 */
static bool leaves_before(const struct prom_waiter *a, const struct prom_waiter *b)
{
    if (a->peer->waiting != b->peer->waiting)
        return a->peer->waiting > b->peer->waiting;
    if (a->is_ready != b->is_ready)
        return !a->is_ready;
    return a->is_ready; /* with requests the later one leaves, without them the earlier one */
}

static void remove_at(struct prom_lobby *lobby, unsigned at)
{
    struct prom_waiter *waiter = lobby->waiters[at];
    lobby->count--;
    memmove(&lobby->waiters[at], &lobby->waiters[at + 1], (lobby->count - at) * sizeof *lobby->waiters);
    end(lobby, waiter, PROM_CLOSED_BUSY);
    note_count(lobby);
}

bool prom_lobby_relieve(struct prom_lobby *lobby)
{
    unsigned found = 0;
    if (!lobby->count)
        return false;
    for (unsigned i = 1; i < lobby->count; i++)
        if (leaves_before(lobby->waiters[i], lobby->waiters[found]))
            found = i;
    remove_at(lobby, found);
    return true;
}

/* ---- Whether the request has come */

static bool has(const unsigned char *said, size_t size, const char *what)
{
    return memmem(said, size, what, strlen(what)) != NULL;
}

/*
 * Whether the head of a request, or the first message of a handshake, is whole. Anything else counts as whole:
 * libmicrohttpd refuses it.
 */
static bool is_whole(const unsigned char *said, size_t size, bool is_tls)
{
    if (size == LOOK_BYTES)
        return true;
    if (!is_tls)
        return has(said, size, "\r\n\r\n") || has(said, size, "\n\n");
    if (size < TLS_HEAD)
        return said[0] != TLS_HANDSHAKE;
    return said[0] != TLS_HANDSHAKE || size >= TLS_HEAD + ((size_t)said[3] << 8 | said[4]);
}

/* Sets how many bytes must be there before the system reports the connection as readable; normally one. */
static void set_wanted(int fd, int bytes)
{
    setsockopt(fd, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof bytes);
}

/* False: the client has gone. */
static bool look_at(struct prom_lobby *lobby, struct prom_waiter *waiter, short events)
{
    unsigned char said[LOOK_BYTES];
    if (events & (POLLERR | POLLHUP | POLLRDHUP | POLLNVAL))
        return false;
    if (waiter->is_ready || !(events & POLLIN))
        return true;
    ssize_t size = recv(waiter->client.fd, said, sizeof said, MSG_PEEK | MSG_DONTWAIT);
    if (size <= 0)
        return size < 0 && (errno == EAGAIN || errno == EINTR);
    waiter->is_ready = is_whole(said, (size_t)size, lobby->is_tls);
    waiter->peer->ready += waiter->is_ready;
    lobby->ready += waiter->is_ready;
    set_wanted(waiter->client.fd, waiter->is_ready ? 1 : (int)size + 1);
    return true;
}

/* ---- Places */

static bool give_place(struct prom_lobby *lobby, struct prom_waiter *waiter)
{
    const struct prom_client *client = &waiter->client;
    if (!prom_place_take(lobby->connections, client->fd, client->listener, &waiter->address, waiter->is_ready))
        return false;
    if (!waiter->is_ready)
        set_wanted(client->fd, 1);
    const struct sockaddr *to = (const struct sockaddr *)&client->address;
    if (MHD_add_connection(lobby->daemon, client->fd, to, client->address_size) != MHD_YES) /* it is closed */
        prom_place_return(lobby->connections, client->fd);
    return true;
}

/* An address is refused once in a pass: its later connections would be refused as well. */
static bool serve_one(struct prom_lobby *lobby, struct prom_waiter *waiter, bool has_room)
{
    if (waiter->peer->pass == lobby->pass || (!waiter->is_ready && !has_room))
        return false;
    if (give_place(lobby, waiter)) {
        forget(lobby, waiter);
        return true;
    }
    if (waiter->is_ready)
        waiter->peer->pass = lobby->pass;
    return false;
}

/* ---- Addresses that are held off */

/* Holds off addresses of which so many requests wait that there is hardly room for another. */
static void hold(struct prom_lobby *lobby)
{
    struct prom_peer_address held[PROM_HELD_MAX];
    unsigned count = 0;
    lobby->pass++;
    for (unsigned i = 0; i < lobby->count && count < PROM_HELD_MAX; i++) {
        struct prom_peer *peer = lobby->waiters[i]->peer;
        if (peer->ready >= lobby->ready_max && peer->pass != lobby->pass)
            held[count++] = peer->address;
        peer->pass = lobby->pass;
    }
    if (count == lobby->held_count && memcmp(held, lobby->held, count * sizeof *held) == 0)
        return;
    memcpy(lobby->held, held, count * sizeof *held);
    lobby->held_count = count;
    prom_hold(lobby->listeners, held, count);
}

/* Ends the connections whose client has gone, and those that have waited too long. */
static void look_at_all(struct prom_lobby *lobby)
{
    int64_t now_ms = prom_clock_ms(), patience_ms = lobby->connections->limits.request_ms;
    unsigned kept = 0, count = lobby->count;
    for (unsigned i = 0; i < count; i++)
        lobby->looks[i] = (struct pollfd){.fd = lobby->waiters[i]->client.fd, .events = POLLIN | POLLRDHUP};
    poll(lobby->looks, count, 0);
    for (unsigned i = 0; i < count; i++) {
        struct prom_waiter *waiter = lobby->waiters[i];
        if (!look_at(lobby, waiter, lobby->looks[i].revents))
            end(lobby, waiter, PROM_CLOSED_INCOMPLETE);
        else if (now_ms - waiter->since_ms >= patience_ms)
            end(lobby, waiter, waiter->is_ready ? PROM_CLOSED_BUSY : PROM_CLOSED_REQUEST_TIME);
        else
            lobby->waiters[kept++] = waiter;
    }
    lobby->count = kept;
}

/*
 * Serves the oldest and the newest by turns. The oldest have little time left. The newest are served even if a client
 * keeps many others open and reads none.
 */
static void give_places(struct prom_lobby *lobby)
{
    bool has_room = prom_places_are_free(lobby->connections);
    unsigned kept = 0, count = lobby->count;
    lobby->pass++;
    lobby->from_end = !lobby->from_end;
    for (unsigned i = 0; i < count; i++) {
        unsigned at = (i + lobby->from_end) % 2 ? count - 1 - i / 2 : i / 2;
        if (serve_one(lobby, lobby->waiters[at], has_room))
            lobby->waiters[at] = NULL;
    }
    for (unsigned i = 0; i < count; i++)
        if (lobby->waiters[i])
            lobby->waiters[kept++] = lobby->waiters[i];
    lobby->count = kept;
}

int64_t prom_lobby_pace(const struct prom_lobby *lobby)
{
    if (!lobby->count && !lobby->held_count) /* an address that is held off must be let in again */
        return -1;
    return lobby->ready ? PROM_LOBBY_TICK_MS : PROM_LOBBY_QUIET_MS;
}

void prom_lobby_serve(struct prom_lobby *lobby)
{
    look_at_all(lobby);
    give_places(lobby);
    hold(lobby);
    note_count(lobby);
}

/* NULL: no memory. */
static struct prom_waiter *waiter_for(struct prom_lobby *lobby, const struct prom_client *client,
                                      const struct prom_peer_address *address)
{
    struct prom_waiter *waiter = calloc(1, sizeof *waiter);
    struct prom_peer *peer = waiter ? prom_peer_wait(lobby->connections, address) : NULL;
    if (!peer) {
        free(waiter);
        return NULL;
    }
    *waiter = (struct prom_waiter){.client = *client, .address = *address, .peer = peer, .since_ms = prom_clock_ms()};
    return waiter;
}

static void stay(struct prom_lobby *lobby, struct prom_waiter *waiter)
{
    lobby->waiters[lobby->count++] = waiter; /* the array has room for one more than may stay */
    if (waiter->is_ready && waiter->peer->ready == lobby->ready_max)
        hold(lobby);
    if (lobby->count > lobby->max)
        prom_lobby_relieve(lobby);
    note_count(lobby);
}

void prom_lobby_enter(struct prom_lobby *lobby, const struct prom_client *client)
{
    struct prom_peer_address address;
    bool has_address = client->address_size >= sizeof client->address.ss_family;
    prom_peer_address_set(&address, has_address ? (const struct sockaddr *)&client->address : NULL);
    struct prom_waiter *waiter = waiter_for(lobby, client, &address);
    if (!waiter) {
        fx_metric_add(lobby->connections->instance, PROM_CONNECTIONS_CLOSED, PROM_CLOSED_BUSY, 1);
        close(client->fd);
    } else if (!look_at(lobby, waiter, POLLIN)) {
        end(lobby, waiter, PROM_CLOSED_INCOMPLETE);
    } else if (waiter->peer->waiting == 1 && give_place(lobby, waiter)) { /* it is alone of its address */
        forget(lobby, waiter);
    } else {
        stay(lobby, waiter);
    }
}
