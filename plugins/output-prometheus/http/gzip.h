/*
 * gzip (RFC 1952) of what is read in pieces, while it is read: nothing is made ahead but one piece. By ISA-L's igzip,
 * which measures five times faster than zlib at its first level, and smaller (docs/performance.md). One thread.
 */
#ifndef OUTPUT_PROMETHEUS_GZIP_H
#define OUTPUT_PROMETHEUS_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct prom_gzip;

/* Fills at most size bytes; gives their number, 0 at the end, or a negative number when it can't go on. */
typedef ssize_t prom_gzip_source(void *arg, char *to, size_t size);

/* About 450 KiB. NULL without memory. */
struct prom_gzip *prom_gzip_new(prom_gzip_source *source, void *arg);
void prom_gzip_free(struct prom_gzip *gzip);

/* As a source itself. */
ssize_t prom_gzip_read(struct prom_gzip *gzip, char *to, size_t size);

#endif
