/*
 * The present web configuration and its file, which is read again when it or a file that it names has changed. If the
 * new one can't be used, the present one stays, and only a metric and the log show it. The files are looked at before
 * each accepted connection and every second.
 */
#ifndef OUTPUT_PROMETHEUS_WEBFILE_H
#define OUTPUT_PROMETHEUS_WEBFILE_H

#include <pthread.h>
#include <stdbool.h>

#include "web/webconf.h"

/* Lock order: reading, then lock. */
struct prom_webfile {
    struct fx_instance *instance;
    const char *path;
    pthread_mutex_t reading; /* guards the next two */
    struct prom_watch watch;
    bool is_stale;        /* the last reading failed */
    pthread_mutex_t lock; /* guards the next two */
    pthread_cond_t changed;
    struct prom_webconf *current;
    bool stopping;
    pthread_t thread;
};

/* Called in create: reads the file for the first time; nothing runs yet. On failure gives NULL and err. */
struct prom_webfile *prom_webfile_open(struct fx_instance *instance, const char *path, struct fx_error *err);
void prom_webfile_close(struct prom_webfile *webfile); /* NULL is fine */

/* Starts looking at the file every second. */
int prom_webfile_start(struct prom_webfile *webfile, struct fx_error *err);
void prom_webfile_stop(struct prom_webfile *webfile);

/* Any thread: reads the files again if they have changed. */
void prom_webfile_refresh(struct prom_webfile *webfile);
/* Any thread: gives a reference to the present configuration; never NULL. */
struct prom_webconf *prom_webfile_get(struct prom_webfile *webfile);

#endif
