/*
 * gzip (RFC 1952) of a source that is read in pieces. It compresses while it is read, at most one piece ahead. It uses
 * ISA-L's igzip, which is five times faster than zlib at level 1 and compresses better (docs/performance.md). One
 * thread.
 */
#ifndef OUTPUT_PROMETHEUS_GZIP_H
#define OUTPUT_PROMETHEUS_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct prom_gzip;

/* Reads at most size bytes. Gives their number, 0 at the end, or a negative number after a failure. */
typedef ssize_t prom_gzip_source(void *arg, char *to, size_t size);

/* Needs about 450 KiB. Gives NULL without memory. */
struct prom_gzip *prom_gzip_new(prom_gzip_source *source, void *arg);
void prom_gzip_free(struct prom_gzip *gzip);

/* Reads compressed bytes; has the results of prom_gzip_source. */
ssize_t prom_gzip_read(struct prom_gzip *gzip, char *to, size_t size);

#endif
