/* zstd (RFC 8878) of a source that is read in pieces. It compresses while it is read, as gzip.h does. One thread. */
#ifndef OUTPUT_PROMETHEUS_ZSTD_H
#define OUTPUT_PROMETHEUS_ZSTD_H

#include "http/gzip.h"

struct prom_zstd;

/* Gives NULL without memory. */
struct prom_zstd *prom_zstd_new(prom_gzip_source *source, void *arg);
void prom_zstd_free(struct prom_zstd *zstd);

/* Reads compressed bytes; has the results of prom_gzip_source. */
ssize_t prom_zstd_read(struct prom_zstd *zstd, char *to, size_t size);

#endif
