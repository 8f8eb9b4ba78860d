/* An output-prometheus without a program around it: batches go in, pages come out. */
#ifndef TEST_PROM_FIXTURE_H
#define TEST_PROM_FIXTURE_H

#include "plugins/output-prometheus/page/page.h"
#include "plugins/output-prometheus/prom.h"
#include "tests/unit/host.h"

struct prom_fixture {
    struct fx_instance instance;
    struct prom_options options;
    char own_text[24]; /* the option asn as text */
    const char *own;
    struct prom_output *output;
    void *workers[2];
    uint64_t number; /* of the last cut */
};

/* The option metrics for later fixtures; empty: the default metrics. */
extern struct fx_tables prom_fixture_metrics;

void prom_fixture_init(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms);
void prom_fixture_init_asn(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms, int64_t asn);
void prom_fixture_fini(struct prom_fixture *fixture);

/* The fields of a record, in the order in which they are claimed. */
enum { AS_DST, AS_SRC, BYTES, AS_DST_NAME, LABEL, AS_SRC_NAME, FIELDS };
void prom_fixture_write_row(struct prom_fixture *fixture, unsigned worker, struct fx_value row[FIELDS]);

/* Writes one record. A NULL cell leaves its name absent. */
void prom_fixture_write(struct prom_fixture *fixture, unsigned worker, uint64_t as_src, uint64_t as_dst,
                        const char *label, uint64_t bytes, struct fx_cell *src_name, struct fx_cell *dst_name);
/* cut: cuts and prepares a checkpoint. checkpoint: commits it, too. */
void prom_fixture_cut(struct prom_fixture *fixture);
void prom_fixture_checkpoint(struct prom_fixture *fixture);

/*
 * The page in a format, read in pieces of this size, with the lines that the filter selects (NULL: all). The caller
 * frees it.
 */
char *prom_fixture_view(struct prom_fixture *fixture, size_t piece, enum prom_format format,
                        const struct prom_filter *filter);
/* The flow metrics of the text page, read in pieces of this size. The caller frees the text. */
char *prom_fixture_page(struct prom_fixture *fixture, size_t piece);
/* value: the value on the page's line with this beginning, or 0. sum: the sum over all lines. */
uint64_t prom_fixture_value(const char *page, const char *line);
uint64_t prom_fixture_sum(const char *page);

/* A series of the page, from labels as C strings. */
#define SERIES(metric, dst, dst_name, host, src, src_name)                                                             \
    "flow_" metric "_bytes_total{destination_as=\"" dst "\",destination_as_name=\"" dst_name "\",hostname=\"" host     \
    "\",source_as=\"" src "\",source_as_name=\"" src_name "\"}"

#endif
