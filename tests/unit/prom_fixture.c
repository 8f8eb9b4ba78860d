#include "prom_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/alloc.h"

static const struct fx_metric metrics[] = {{"a", FX_GAUGE, "a", NULL, NULL},   {"b", FX_GAUGE, "b", NULL, NULL},
                                           {"c", FX_COUNTER, "c", NULL, NULL}, {"d", FX_COUNTER, "d", NULL, NULL},
                                           {"e", FX_COUNTER, "e", NULL, NULL}, {NULL, 0, NULL, NULL, NULL}};

void prom_fixture_init(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms)
{
    *fixture = (struct prom_fixture){0};
    fixture->options =
        (struct prom_options){.listen = ":0", .asn = 100, .names_wait = names_wait_ms, .max_series = max_series};
    fixture->pipeline.metrics = fxi_metrics_new();
    fixture->instance.name = "out";
    fixture->instance.pipeline = &fixture->pipeline;
    fixture->instance.may_claim = 1;
    fixture->instance.metrics = fxi_metrics_add_set(fixture->pipeline.metrics, "out", metrics);
    struct fx_error err = FX_ERROR_INIT;
    void *self;
    assert_int_equal(prom_create(&fixture->instance, &fixture->options, &self, &err), 0);
    fixture->output = self;
    fixture->output->worker_count = 2;
    fixture->output->workers = calloc(2, sizeof *fixture->output->workers);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(prom_worker_new(self, i, &fixture->workers[i], &err), 0);
}

void prom_fixture_fini(struct prom_fixture *fixture)
{
    for (unsigned i = 0; i < 2; i++)
        prom_worker_free(fixture->output, fixture->workers[i]);
    prom_destroy(fixture->output);
    fxi_schema_fini(&fixture->pipeline.schema);
    fxi_metrics_free(fixture->pipeline.metrics);
}

static struct fx_value late(struct fx_cell *cell)
{
    return cell ? (struct fx_value){.cell = cell, .type = FX_LATE} : (struct fx_value){.type = FX_NULL};
}

void prom_fixture_write(struct prom_fixture *fixture, unsigned worker, uint64_t as_src, uint64_t as_dst,
                        const char *label, uint64_t bytes, struct fx_cell *src_name, struct fx_cell *dst_name)
{
    const struct prom_fields *fields = &fixture->output->fields;
    struct fx_value row[8] = {0};
    row[fields->as_src] = (struct fx_value){.u = as_src, .type = FX_UNSIGNED};
    row[fields->as_dst] = (struct fx_value){.u = as_dst, .type = FX_UNSIGNED};
    row[fields->bytes] = (struct fx_value){.u = bytes, .type = FX_UNSIGNED};
    if (label)
        row[fields->label] = (struct fx_value){.text = label, .size = (uint32_t)strlen(label), .type = FX_TEXT};
    row[fields->as_src_name] = late(src_name);
    row[fields->as_dst_name] = late(dst_name);
    struct fx_batch batch = {.values = row, .rows = 1, .width = 8};
    assert_int_equal(prom_write(fixture->output, fixture->workers[worker], &batch), FX_OK);
}

void prom_fixture_cut(struct prom_fixture *fixture)
{
    struct fx_checkpoint checkpoint = {.number = ++fixture->number, .tag = "t"};
    struct fx_error err = FX_ERROR_INIT;
    prom_cut(fixture->output, fixture->number);
    assert_int_equal(prom_prepare(fixture->output, &checkpoint, &err), 0);
}

void prom_fixture_checkpoint(struct prom_fixture *fixture)
{
    prom_fixture_cut(fixture);
    prom_committed(fixture->output, fixture->number);
}

char *prom_fixture_page(struct prom_fixture *fixture, size_t piece)
{
    struct prom_page *page = prom_page_new(fixture->output);
    char *text = fxi_calloc(1, 1), *buffer = fxi_calloc(1, piece);
    size_t size = 0, got;
    while ((got = prom_page_read(page, buffer, piece))) {
        assert_true(got <= piece);
        text = fxi_realloc(text, size + got + 1, 1);
        memcpy(text + size, buffer, got);
        size += got;
        text[size] = '\0';
    }
    free(buffer);
    prom_page_free(page);
    char *own = strstr(text, "# HELP flow_exporter_");
    assert_non_null(own);
    *own = '\0';
    return text;
}

uint64_t prom_fixture_value(const char *page, const char *line)
{
    const char *at = strstr(page, line);
    return at ? strtoull(at + strlen(line) + 1, NULL, 10) : 0;
}
