/* The plugin's own threads: named, and signals are the main thread's business. */
#ifndef OUTPUT_PROMETHEUS_THREAD_H
#define OUTPUT_PROMETHEUS_THREAD_H

#include <pthread.h>

#include <flow-exporter/error.h>

int prom_thread_start(pthread_t *thread, const char *name, void *(*run)(void *arg), void *arg, struct fx_error *err);

#endif
