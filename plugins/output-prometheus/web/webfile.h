/*
 * The web configuration in force, and its file, which is read again when it or a file that it names has changed. One that
 * can't be used changes nothing but a metric and the log. Looked at before each connection is accepted, and each second.
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
    pthread_mutex_t reading; /* of the following two */
    struct prom_watch watch;
    bool is_stale;        /* the last reading came to nothing */
    pthread_mutex_t lock; /* of the following two */
    pthread_cond_t changed;
    struct prom_webconf *current;
    bool stopping;
    pthread_t thread;
};

/* In create: reads it for the first time; nothing runs yet. To be closed. NULL and err filled. */
struct prom_webfile *prom_webfile_open(struct fx_instance *instance, const char *path, struct fx_error *err);
void prom_webfile_close(struct prom_webfile *webfile); /* NULL is fine */

/* From now on it is looked at each second. */
int prom_webfile_start(struct prom_webfile *webfile, struct fx_error *err);
void prom_webfile_stop(struct prom_webfile *webfile);

/* Any thread: looks at the files, and reads them if they have changed. */
void prom_webfile_refresh(struct prom_webfile *webfile);
/* Any thread: one reference to what is in force; never NULL. */
struct prom_webconf *prom_webfile_get(struct prom_webfile *webfile);

#endif
