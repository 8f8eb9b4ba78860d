/* A page of metrics, given out in pieces of any size. The HTTP thread. */
#ifndef OUTPUT_PROMETHEUS_PAGE_H
#define OUTPUT_PROMETHEUS_PAGE_H

#include <sys/types.h>

#include "metric/accept_header.h"
#include "metric/filter.h"
#include "series/store.h"

struct prom_page;

/*
 * A page of the exposed cut, and of the program's own metrics as they are now, as far as the filter wants them.
 * filter: NULL for everything; it stays with the caller and must live until the page is freed. NULL without memory.
 */
struct prom_page *prom_page_new(struct prom_store *store, enum prom_format format, const struct prom_filter *filter);
void prom_page_free(struct prom_page *page);
/* The number of the page's cut. */
uint64_t prom_page_cut(const struct prom_page *page);

/* Fills at most size bytes. Gives their number, 0 at the end, or -1 without memory. */
ssize_t prom_page_read(struct prom_page *page, char *to, size_t size);

#endif
