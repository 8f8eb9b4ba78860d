/*
 * The accepting thread. There is one for all listeners, so that they share one limit. It never waits for a place: a
 * connection without one waits in the lobby, so that nobody stands behind it in the system's queue. Left to itself,
 * libmicrohttpd would stop accepting at its limit.
 */
#include "http/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "self_metrics.h"

#define PAUSE_MS 50 /* when there is no descriptor */

/*
 * A function of its own, so that reports of sanitizers name it: libmicrohttpd closes the descriptor, and sanitizers do
 * not see that.
 */
static int take_socket(int listener_fd, struct sockaddr_storage *address, socklen_t *size)
{
    return accept4(listener_fd, (struct sockaddr *)address, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* Accepts one connection of a listener that has some. False: it can't be accepted now. */
static bool accept_one(struct prom_acceptor *accept, unsigned listener)
{
    struct prom_client client = {
        .listener = listener, .address = {.ss_family = AF_UNSPEC}, .address_size = sizeof client.address};
    client.fd = take_socket(accept->listeners->all[listener].fd, &client.address, &client.address_size);
    if (client.fd >= 0) {
        if (accept->webfile)
            prom_webfile_refresh(accept->webfile);
        fx_series_add(accept->accepted[listener], 1);
        prom_lobby_enter(&accept->lobby, &client);
        return true;
    }
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return true; /* the client has already left */
    if (prom_lobby_relieve(&accept->lobby))
        return true;
    prom_places_relieve(accept->connections);
    return false;
}

/* Serves the lobby if that is due. For how long connections may be waited for, in ms; -1: for ever. */
static int serve_lobby(struct prom_acceptor *accept)
{
    int64_t now_ms = prom_clock_ms(), pace_ms = prom_lobby_pace(&accept->lobby);
    if (pace_ms >= 0 && now_ms - accept->served_ms >= pace_ms) {
        prom_lobby_serve(&accept->lobby);
        accept->served_ms = now_ms;
        pace_ms = prom_lobby_pace(&accept->lobby);
    }
    return pace_ms < 0 ? -1 : (int)(accept->served_ms + pace_ms - now_ms);
}

static void *thread_main(void *arg)
{
    struct prom_acceptor *accept = arg;
    struct pollfd fds[PROM_LISTENERS_MAX + 1] = {{.fd = accept->stop_fd, .events = POLLIN}};
    unsigned count = accept->listeners->count;
    bool pauses = false;
    int wait_ms = -1;
    for (unsigned i = 0; i < count; i++)
        fds[i + 1] = (struct pollfd){.fd = accept->listeners->all[i].fd, .events = POLLIN};
    for (;;) {
        int ready = poll(fds, pauses ? 1 : count + 1, pauses ? PAUSE_MS : wait_ms);
        if (fds[0].revents)
            return NULL;
        if (ready < 0 && errno != EINTR)
            pauses = true;
        else if (pauses)
            pauses = false;
        else
            for (unsigned i = 0; ready > 0 && i < count && !pauses; i++)
                pauses = fds[i + 1].revents && !accept_one(accept, i);
        wait_ms = serve_lobby(accept);
    }
}

int prom_acceptor_start(struct prom_acceptor *accept, struct fx_error *err)
{
    accept->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (accept->stop_fd < 0)
        return fx_error_set(err, FX_EIO, "can't open an event descriptor: %s", strerror(errno));
    const struct prom_lobby lobby = {.listeners = accept->listeners,
                                     .connections = accept->connections,
                                     .daemon = accept->daemon,
                                     .is_tls = accept->is_tls};
    int rc = prom_lobby_init(&accept->lobby, &lobby, err);
    if (!rc)
        rc = prom_thread_start(&accept->thread, "fx-http-accept", thread_main, accept, err);
    if (rc) {
        prom_lobby_fini(&accept->lobby);
        close(accept->stop_fd);
    }
    return rc;
}

void prom_acceptor_stop(struct prom_acceptor *accept)
{
    uint64_t one = 1;
    (void)!write(accept->stop_fd, &one, sizeof one);
    pthread_join(accept->thread, NULL);
    prom_lobby_fini(&accept->lobby);
    close(accept->stop_fd);
}
