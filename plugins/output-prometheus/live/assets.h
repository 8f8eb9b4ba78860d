/* The files in assets/, as the build puts them into live/assets.c. */
#ifndef OUTPUT_PROMETHEUS_ASSETS_H
#define OUTPUT_PROMETHEUS_ASSETS_H

#include <stddef.h>

struct prom_web_file {
    const char *name; /* "live.css" */
    const unsigned char *data;
    size_t size;
};

/* Ended by a NULL name. */
extern const struct prom_web_file prom_web_files[];

#endif
