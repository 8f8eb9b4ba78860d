/* Starting threads. Main thread. */
#include "base/thread.h"

#include <signal.h>
#include <string.h>
#include <time.h>

void prom_lock_init(pthread_mutex_t *lock, pthread_cond_t *changed)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(lock, NULL);
    pthread_cond_init(changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

int prom_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg, struct fx_error *err)
{
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (rc)
        return fx_error_set(err, FX_EIO, "can't start a thread: %s", strerror(rc));
    pthread_setname_np(*thread, name);
    return 0;
}
