/* Threads of the core: named, without signals, and waited for no longer than one wants to. */
#ifndef FXI_UTIL_THREAD_H
#define FXI_UTIL_THREAD_H

#include <pthread.h>
#include <stdbool.h>

#include <flow-exporter/error.h>

/* Embedded where its owner is. Starting and joining are one thread's. */
struct fxi_thread {
    pthread_t id;
    bool runs; /* started and not joined */
    void (*work)(void *arg);
    void *arg;
    pthread_mutex_t lock;
    pthread_cond_t over;
    bool is_over; /* under lock */
};

/* name: at most 15 bytes. 0, or negative with err. */
int fxi_thread_start(struct fxi_thread *thread, const char *name, void (*work)(void *arg), void *arg,
                     struct fx_error *err);

/* Waits until it ends; timeout_ms below 0: for ever. True: it has, or never ran. False: it is still at work. */
bool fxi_thread_join(struct fxi_thread *thread, int timeout_ms);

#endif
