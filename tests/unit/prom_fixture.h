/* An output-prometheus without a program around it: batches in, pages out. */
#ifndef TEST_PROM_FIXTURE_H
#define TEST_PROM_FIXTURE_H

#include "pipeline/state.h"
#include "plugins/output-prometheus/page.h"
#include "plugins/output-prometheus/prom.h"

struct prom_fixture {
    struct fx_instance instance;
    struct fxi_plugin_entry entry;
    struct fxi_pipeline pipeline;
    struct prom_options options;
    struct prom_output *output;
    void *workers[2];
    uint64_t number; /* of the last cut */
};

void prom_fixture_init(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms);
void prom_fixture_fini(struct prom_fixture *fixture);

/* One record; cells may be NULL: then the names are absent. */
void prom_fixture_write(struct prom_fixture *fixture, unsigned worker, uint64_t as_src, uint64_t as_dst,
                        const char *label, uint64_t bytes, struct fx_cell *src_name, struct fx_cell *dst_name);
/* Cut and prepare, then commit. */
void prom_fixture_cut(struct prom_fixture *fixture);
void prom_fixture_checkpoint(struct prom_fixture *fixture);

/* The flow metrics of the page, read in pieces of so many bytes; the caller's. */
char *prom_fixture_page(struct prom_fixture *fixture, size_t piece);
/* The value on a page of the line that begins so, or 0. */
uint64_t prom_fixture_value(const char *page, const char *line);

#endif
