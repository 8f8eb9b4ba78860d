/* Threads of the core: named, without signals, and joined with a time limit. */
#ifndef FXI_UTIL_THREAD_H
#define FXI_UTIL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include <flow-exporter/error.h>

/* Embedded in its owner. One thread starts and joins it. */
struct fxi_thread {
    pthread_t id;
    bool runs; /* started and not yet joined */
    void (*work)(void *arg);
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over; /* guarded by lock */
};

/* name: at most 15 bytes. Gives 0, or a negative code and err. */
int fxi_thread_start(struct fxi_thread *thread, const char *name, void (*work)(void *arg), void *arg,
                     struct fx_error *err);

/*
 * Waits until the thread ends; timeout_ms below 0 means no limit. True: the thread has ended or never ran. False: it
 * still runs.
 */
bool fxi_thread_join(struct fxi_thread *thread, int timeout_ms);

#endif
