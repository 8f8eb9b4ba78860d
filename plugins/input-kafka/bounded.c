/* A thread for one call, and the thread that waits for it. Both use the job's memory: the last of them frees it. */
#include "bounded.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

/* How long work may take to give up, after being told to, before it counts as hanging. */
#define GRACE_MS 150

struct bounded {
    struct kafka_job job; /* first */
    void (*work)(struct kafka_job *job);
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_over, is_left; /* under lock */
};

static void bounded_free(struct bounded *bounded)
{
    pthread_cond_destroy(&bounded->changed);
    pthread_mutex_destroy(&bounded->lock);
    free(bounded);
}

static struct bounded *bounded_new(void (*work)(struct kafka_job *job), void *arg)
{
    struct bounded *bounded = calloc(1, sizeof *bounded);
    if (!bounded)
        return NULL;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    bounded->job.arg = arg;
    bounded->work = work;
    pthread_mutex_init(&bounded->lock, NULL);
    pthread_cond_init(&bounded->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    return bounded;
}

static void *thread_main(void *arg)
{
    struct bounded *bounded = arg;
    bounded->work(&bounded->job);
    pthread_mutex_lock(&bounded->lock);
    bounded->is_over = true;
    bool is_left = bounded->is_left;
    pthread_cond_signal(&bounded->changed);
    pthread_mutex_unlock(&bounded->lock);
    if (is_left)
        bounded_free(bounded);
    return NULL;
}

/* Signals are the program's business. */
static bool start_thread(struct bounded *bounded, const char *name, pthread_t *thread)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(thread, NULL, thread_main, bounded);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc == 0)
        pthread_setname_np(*thread, name);
    return rc == 0;
}

/* The caller holds the lock. Gives whether the work is over. */
static bool wait_for_end(struct bounded *bounded, int timeout_ms)
{
    struct timespec end;
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += timeout_ms / 1000;
    end.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (end.tv_nsec >= 1000000000) {
        end.tv_sec++;
        end.tv_nsec -= 1000000000;
    }
    int rc = 0;
    while (!bounded->is_over && rc == 0)
        rc = pthread_cond_timedwait(&bounded->changed, &bounded->lock, &end);
    return bounded->is_over;
}

bool kafka_within(int timeout_ms, const char *name, void (*work)(struct kafka_job *job), void *arg)
{
    pthread_t thread;
    struct bounded *bounded = bounded_new(work, arg);
    if (!bounded || !start_thread(bounded, name, &thread)) {
        if (bounded)
            bounded_free(bounded);
        return false;
    }
    pthread_mutex_lock(&bounded->lock);
    bool is_over = wait_for_end(bounded, timeout_ms);
    atomic_store(&bounded->job.gives_up, true);
    is_over = is_over || wait_for_end(bounded, GRACE_MS);
    bounded->is_left = !is_over;
    pthread_mutex_unlock(&bounded->lock);
    if (is_over) {
        pthread_join(thread, NULL);
        bounded_free(bounded);
    } else {
        pthread_detach(thread);
    }
    return is_over;
}
