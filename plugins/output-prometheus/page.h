/* A page of metrics, handed out in pieces of any size. The HTTP thread's. */
#ifndef OUTPUT_PROMETHEUS_PAGE_H
#define OUTPUT_PROMETHEUS_PAGE_H

#include <sys/types.h>

#include "prom.h"

struct prom_page;

/* Of the exposed cut, and of the program's own metrics as they are now. NULL without memory. */
struct prom_page *prom_page_new(struct prom_output *output);
void prom_page_free(struct prom_page *page);

/* Fills at most size bytes; gives their number, 0 at the end, or -1 without memory. */
ssize_t prom_page_read(struct prom_page *page, char *to, size_t size);

#endif
