/*
 * The plugin's own threads. They are named, and leave signals to the main thread. Also the locks that they wait
 * with.
 */
#ifndef OUTPUT_PROMETHEUS_THREAD_H
#define OUTPUT_PROMETHEUS_THREAD_H

#include <pthread.h>

#include <flow-exporter/error.h>

/* A lock, and a condition that uses the times of clock.h. */
void prom_lock_init(pthread_mutex_t *lock, pthread_cond_t *changed);

int prom_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg, struct fx_error *err);

#endif
