/* The files in web/, as the build puts them into web/files.c. */
#ifndef OUTPUT_PROMETHEUS_WEB_H
#define OUTPUT_PROMETHEUS_WEB_H

#include <stddef.h>

struct prom_web_file {
    const char *name; /* "live.css" */
    const unsigned char *data;
    size_t size;
};

/* Ended by a NULL name. */
extern const struct prom_web_file prom_web_files[];

#endif
