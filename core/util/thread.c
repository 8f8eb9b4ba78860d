/* Threads that are joined with a time limit. pthread_timedjoin_np has a limit too, but its clock can be set. */
#include "util/thread.h"

#include <signal.h>
#include <string.h>

#include "util/clock.h"

static void *thread_main(void *arg)
{
    struct fxi_thread *thread = arg;
    thread->work(thread->arg);
    pthread_mutex_lock(&thread->lock);
    thread->is_over = true;
    pthread_cond_signal(&thread->over);
    pthread_mutex_unlock(&thread->lock);
    return NULL;
}

static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

/* Only the guard handles signals (cli/guard.c). */
static int start_without_signals(struct fxi_thread *thread)
{
    sigset_t all, old;
    sigfillset(&all);
    /* What a fault of the thread itself raises, it takes: blocked, it would end the process without a word. */
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        sigdelset(&all, faults[i]);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(&thread->id, NULL, thread_main, thread);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static void fini(struct fxi_thread *thread)
{
    thread->runs = false;
    pthread_mutex_destroy(&thread->lock);
    pthread_cond_destroy(&thread->over);
}

int fxi_thread_start(struct fxi_thread *thread, const char *name, void (*work)(void *arg), void *arg,
                     struct fx_error *err)
{
    pthread_condattr_t monotonic;
    *thread = (struct fxi_thread){.work = work, .arg = arg, .runs = true};
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&thread->lock, NULL);
    pthread_cond_init(&thread->over, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = start_without_signals(thread);
    if (rc) {
        fini(thread);
        return fx_error_set(err, FX_EIO, "can't start the thread %s: %s", name, strerror(rc));
    }
    pthread_setname_np(thread->id, name);
    return 0;
}

bool fxi_thread_join(struct fxi_thread *thread, int timeout_ms)
{
    if (!thread->runs)
        return true;
    struct timespec until = fxi_clock_after_ms(timeout_ms);
    int rc = 0;
    pthread_mutex_lock(&thread->lock);
    while (!thread->is_over && rc == 0)
        rc = timeout_ms < 0 ? pthread_cond_wait(&thread->over, &thread->lock)
                            : pthread_cond_timedwait(&thread->over, &thread->lock, &until);
    bool is_over = thread->is_over;
    pthread_mutex_unlock(&thread->lock);
    if (!is_over)
        return false;
    pthread_join(thread->id, NULL);
    fini(thread);
    return true;
}
