/*
 * The accepting thread. There is one for all listeners, so that they share one limit. It hardly waits for a place:
 * whoever has no place is refused, so that nobody else stands behind them in the system's queue. Left to itself,
 * libmicrohttpd would stop accepting at its limit.
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

#define PAUSE_MS        50 /* when there is no descriptor */
#define WAIT_US         2000
#define PATIENCE_MAX_US 500000

/*
 * A burst of connections is not refused while the HTTP thread comes after. Of its time this thread waits a fifth at
 * most, and so a flood is refused. False: it has waited for so much.
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
    accept->patient_us = prom_clock_ns() / 1000; /* which may be much later, on a busy machine */
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
    /* Closes it in any case. */
    if (MHD_add_connection(accept->daemon, fd, (const struct sockaddr *)address, size) != MHD_YES)
        prom_place_return(accept->connections, fd);
}

/*
 * By a name of its own in a sanitizer's reports: the descriptor is closed by libmicrohttpd, which it does not look
 * into.
 */
static int take_socket(int listener_fd, struct sockaddr_storage *address, socklen_t *size)
{
    return accept4(listener_fd, (struct sockaddr *)address, size, SOCK_CLOEXEC | SOCK_NONBLOCK);
}

/* One connection of a listener that has some. False: not now. */
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
        return true; /* it is gone already */
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
