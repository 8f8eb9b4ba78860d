/*
 * Requests that wait for a checkpoint. A page is worth only a short wait. If Kafka does not answer, the last committed
 * cut is served, and further requests do not wait until a checkpoint is settled.
 */
#include "http/wait.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/thread.h"

/* Under the lock: resumes all whose cut is settled or whose time is up. Gives whether any of them ran out of time. */
static bool resume(struct prom_wait *wait, int64_t now_ms)
{
    bool any_late = false;
    struct prom_waiting **link = &wait->first;
    while (*link) {
        struct prom_waiting *waiting = *link;
        bool is_settled = waiting->cut <= wait->settled;
        if (!is_settled && waiting->deadline_ms > now_ms) {
            link = &waiting->next;
            continue;
        }
        any_late = any_late || !is_settled;
        *link = waiting->next;
        MHD_resume_connection(waiting->connection);
        free(waiting);
    }
    wait->last = link;
    return any_late;
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
    prom_lock_init(&wait->lock, &wait->changed);
    int rc = prom_thread_start(&wait->thread, "fx-page-wait", thread_main, wait, err);
    if (rc)
        prom_wait_fini(wait);
    return rc;
}

void prom_wait_stop(struct prom_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->stopping = true;
    resume(wait, INT64_MAX);
    pthread_cond_broadcast(&wait->changed);
    pthread_mutex_unlock(&wait->lock);
    pthread_join(wait->thread, NULL);
}

void prom_wait_fini(struct prom_wait *wait)
{
    pthread_mutex_destroy(&wait->lock);
    pthread_cond_destroy(&wait->changed);
}

void prom_wait_cut(struct prom_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->cuts++;
    pthread_mutex_unlock(&wait->lock);
}

void prom_wait_settle(struct prom_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    wait->settled = wait->cuts;
    wait->late = false;
    resume(wait, INT64_MIN);
    pthread_mutex_unlock(&wait->lock);
}

uint64_t prom_wait_last_cut(struct prom_wait *wait)
{
    pthread_mutex_lock(&wait->lock);
    uint64_t cuts = wait->cuts;
    pthread_mutex_unlock(&wait->lock);
    return cuts;
}

bool prom_wait_add(struct prom_wait *wait, struct MHD_Connection *connection, uint64_t cut, int64_t patience_ms)
{
    struct prom_waiting *waiting = malloc(sizeof *waiting);
    if (!waiting)
        return false;
    pthread_mutex_lock(&wait->lock);
    bool waits = !wait->stopping && !wait->late && cut > wait->settled;
    if (waits) {
        *waiting =
            (struct prom_waiting){.connection = connection, .cut = cut, .deadline_ms = prom_clock_ms() + patience_ms};
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
