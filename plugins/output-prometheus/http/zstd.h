/* zstd (RFC 8878) of what is read in pieces, while it is read, as gzip.h does. One thread. */
#ifndef OUTPUT_PROMETHEUS_ZSTD_H
#define OUTPUT_PROMETHEUS_ZSTD_H

#include "http/gzip.h"

struct prom_zstd;

/* NULL without memory. */
struct prom_zstd *prom_zstd_new(prom_gzip_source *source, void *arg);
void prom_zstd_free(struct prom_zstd *zstd);

/* As a source itself. */
ssize_t prom_zstd_read(struct prom_zstd *zstd, char *to, size_t size);

#endif
