/*
 * Requests that wait for a checkpoint. A page is only worth a short wait: when
 * Kafka does not answer, the last committed cut is served, and following
 * requests do not wait again until a checkpoint has come.
 */
#include "wait.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define WAIT_MS 1000

/* Under the lock: everybody, or those whose time is up. */
static bool resume(struct prom_wait *wait, int64_t deadline_ms)
{
    bool any = false;
    while (wait->first && wait->first->deadline_ms <= deadline_ms) {
        struct prom_waiting *waiting = wait->first;
        wait->first = waiting->next;
        MHD_resume_connection(waiting->connection);
        free(waiting);
        any = true;
    }
    if (!wait->first)
        wait->last = &wait->first;
    return any;
}

static void *thread_main(void *arg)
{
    struct prom_wait *wait = arg;
    pthread_mutex_lock(&wait->lock);
    while (!wait->stopping) {
        if (!wait->first) {
            pthread_cond_wait(&wait->changed, &wait->lock);
            continue;
        }
        int64_t until_ms = wait->first->deadline_ms;
        struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
        pthread_cond_timedwait(&wait->changed, &wait->lock, &until);
        if (!wait->stopping && resume(wait, prom_clock_ms()))
            wait->late = true;
    }
    pthread_mutex_unlock(&wait->lock);
    return NULL;
}

int prom_wait_start(struct prom_wait *wait, struct fx_error *err)
{
    *wait = (struct prom_wait){0};
    wait->last = &wait->first;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&wait->lock, NULL);
    pthread_cond_init(&wait->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    sigset_t all, old; /* signals are the main thread's business */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&wait->thread, NULL, thread_main, wait);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (!rc)
        return 0;
    pthread_mutex_destroy(&wait->lock);
    pthread_cond_destroy(&wait->changed);
    return fx_error_set(err, FX_EIO, "can't start a thread: %s", strerror(rc));
}

/* Locks stay usable: a request that is still being answered may ask whether to wait. */
void prom_wait_stop(struct prom_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->stopping = true;
    resume(wait, INT64_MAX);
    pthread_cond_broadcast(&wait->changed);
    pthread_mutex_unlock(&wait->lock);
    pthread_join(wait->thread, NULL);
}

bool prom_wait_add(struct prom_wait *wait, struct MHD_Connection *connection)
{
    struct prom_waiting *waiting = malloc(sizeof *waiting);
    if (!waiting)
        return false;
    pthread_mutex_lock(&wait->lock);
    bool waits = !wait->stopping && !wait->late;
    if (waits) {
        *waiting = (struct prom_waiting){.connection = connection, .deadline_ms = prom_clock_ms() + WAIT_MS};
        *wait->last = waiting;
        wait->last = &waiting->next;
        MHD_suspend_connection(connection);
        pthread_cond_broadcast(&wait->changed);
    }
    pthread_mutex_unlock(&wait->lock);
    if (!waits)
        free(waiting);
    return waits;
}

void prom_wait_wake(struct prom_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->late = false;
    resume(wait, INT64_MAX);
    pthread_mutex_unlock(&wait->lock);
}
