/*
 * The accepting thread. One thread serves all listeners, so they share one limit. It waits only briefly for a place and
 * then refuses the connection. So nobody is stuck behind it in the system's queue. libmicrohttpd by itself would stop
 * accepting at its limit.
 */
#include "http/acceptor.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "self_metrics.h"

#define PAUSE_MS        50 /* while there is no free descriptor */
#define WAIT_US         2000
#define PATIENCE_MAX_US 500000

/*
 * Lets a burst of connections wait until the HTTP thread catches up. The accepting thread waits at most a fifth of its
 * time, so a flood is refused. False: it has already waited that long.
 */
static bool wait_a_little(struct prom_acceptor *accept)
{
    const struct timespec pause = {.tv_nsec = WAIT_US * 1000};
    int64_t now_us = prom_clock_ns() / 1000;
    accept->patience_us += (now_us - accept->patient_us) / 5;
    accept->patient_us = now_us;
    if (accept->patience_us > PATIENCE_MAX_US)
        accept->patience_us = PATIENCE_MAX_US;
    if (accept->patience_us < WAIT_US)
        return false;
    nanosleep(&pause, NULL);
    accept->patient_us = prom_clock_ns() / 1000; /* may be much later on a busy machine */
    accept->patience_us -= accept->patient_us - now_us;
    return true;
}

static void take_on(struct prom_acceptor *accept, unsigned listener, int fd, const struct sockaddr_storage *address,
                    socklen_t size)
{
    struct prom_peer_address peer;
    fx_series_add(accept->accepted[listener], 1);
    prom_peer_address_set(&peer, size >= sizeof address->ss_family ? (const struct sockaddr *)address : NULL);
    while (!prom_place_take(accept->connections, fd, listener, &peer))
        if (!wait_a_little(accept)) {
            fx_metric_add(accept->connections->instance, PROM_CONNECTIONS_CLOSED, PROM_CLOSED_BUSY, 1);
            close(fd);
            return;
        }
    /* MHD_add_connection closes fd in any case. */
    if (MHD_add_connection(accept->daemon, fd, (const struct sockaddr *)address, size) != MHD_YES)
        prom_place_return(accept->connections, fd);
}

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
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t size = sizeof address;
    int fd = take_socket(accept->listeners->all[listener].fd, &address, &size);
    if (fd >= 0) {
        if (accept->webfile)
            prom_webfile_refresh(accept->webfile);
        take_on(accept, listener, fd, &address, size);
        return true;
    }
    if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return true; /* the client has already left */
    prom_places_relieve(accept->connections);
    return false;
}

static void *thread_main(void *arg)
{
    struct prom_acceptor *accept = arg;
    struct pollfd fds[PROM_LISTENERS_MAX + 1] = {{.fd = accept->stop_fd, .events = POLLIN}};
    unsigned count = accept->listeners->count;
    bool pauses = false;
    for (unsigned i = 0; i < count; i++)
        fds[i + 1] = (struct pollfd){.fd = accept->listeners->all[i].fd, .events = POLLIN};
    for (;;) {
        int ready = poll(fds, pauses ? 1 : count + 1, pauses ? PAUSE_MS : -1);
        if (fds[0].revents)
            return NULL;
        if (ready < 0 && errno != EINTR)
            pauses = true;
        else if (pauses)
            pauses = false;
        else
            for (unsigned i = 0; i < count && !pauses; i++)
                pauses = fds[i + 1].revents && !accept_one(accept, i);
    }
}

int prom_acceptor_start(struct prom_acceptor *accept, struct fx_error *err)
{
    accept->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (accept->stop_fd < 0)
        return fx_error_set(err, FX_EIO, "can't open an event descriptor: %s", strerror(errno));
    int rc = prom_thread_start(&accept->thread, "fx-http-accept", thread_main, accept, err);
    if (rc)
        close(accept->stop_fd);
    return rc;
}

void prom_acceptor_stop(struct prom_acceptor *accept)
{
    uint64_t one = 1;
    (void)!write(accept->stop_fd, &one, sizeof one);
    pthread_join(accept->thread, NULL);
    close(accept->stop_fd);
}
