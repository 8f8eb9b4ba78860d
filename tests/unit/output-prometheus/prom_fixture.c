#include "prom_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/alloc.h"

static const char *const any_port[] = {"127.0.0.1:0"};

struct fx_tables prom_fixture_metrics;

void prom_fixture_init(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms)
{
    prom_fixture_init_asn(fixture, max_series, names_wait_ms, 100);
}

void prom_fixture_init_asn(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms, int64_t asn)
{
    *fixture = (struct prom_fixture){0};
    snprintf(fixture->own_text, sizeof fixture->own_text, "%lld", (long long)asn);
    fixture->own = fixture->own_text;
    fixture->options = (struct prom_options){.listen = {1, any_port},
                                             .socket_mode = "0660",
                                             .metrics = prom_fixture_metrics,
                                             .asn = {1, &fixture->own},
                                             .names_wait = names_wait_ms,
                                             .max_series = max_series,
                                             .max_connections = 16,
                                             .max_compressed = 4,
                                             .request_timeout = 10000,
                                             .answer_timeout = 60000,
                                             .connection_timeout = 10000};
    host_init(&fixture->instance, "out", prom_self_metrics);
    struct fx_error err = FX_ERROR_INIT;
    void *self;
    assert_int_equal(prom_create(&fixture->instance, &fixture->options, &self, &err), 0);
    fixture->output = self;
    fixture->output->store.worker_count = 2;
    fixture->output->store.workers = calloc(2, sizeof *fixture->output->store.workers);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(prom_begin_worker(self, i, &fixture->workers[i], &err), 0);
}

void prom_fixture_fini(struct prom_fixture *fixture)
{
    for (unsigned i = 0; i < 2; i++)
        prom_end_worker(fixture->output, fixture->workers[i]);
    prom_destroy(fixture->output);
    host_fini(&fixture->instance);
}

static struct fx_value late(struct fx_cell *cell)
{
    return cell ? (struct fx_value){.cell = cell, .type = FX_LATE} : (struct fx_value){.type = FX_NULL};
}

void prom_fixture_write(struct prom_fixture *fixture, unsigned worker, uint64_t as_src, uint64_t as_dst,
                        const char *label, uint64_t bytes, struct fx_cell *src_name, struct fx_cell *dst_name)
{
    struct fx_value row[FIELDS] = {[AS_SRC] = {.u = as_src, .type = FX_UNSIGNED},
                                   [AS_DST] = {.u = as_dst, .type = FX_UNSIGNED},
                                   [BYTES] = {.u = bytes, .type = FX_UNSIGNED},
                                   [AS_SRC_NAME] = late(src_name),
                                   [AS_DST_NAME] = late(dst_name)};
    if (label)
        row[LABEL] = (struct fx_value){.text = label, .size = (uint32_t)strlen(label), .type = FX_TEXT};
    prom_fixture_write_row(fixture, worker, row);
}

void prom_fixture_write_row(struct prom_fixture *fixture, unsigned worker, struct fx_value row[FIELDS])
{
    struct fx_batch batch = {.values = row, .rows = 1, .width = FIELDS};
    assert_int_equal(prom_write(fixture->output, fixture->workers[worker], &batch), FX_OK);
}

void prom_fixture_cut(struct prom_fixture *fixture)
{
    struct fx_checkpoint checkpoint = {.number = ++fixture->number, .tag = "t"};
    struct fx_error err = FX_ERROR_INIT;
    assert_int_equal(prom_cut(fixture->output, fixture->number, &err), 0);
    assert_int_equal(prom_prepare(fixture->output, &checkpoint, &err), 0);
}

void prom_fixture_checkpoint(struct prom_fixture *fixture)
{
    prom_fixture_cut(fixture);
    prom_committed(fixture->output, fixture->number);
}

char *prom_fixture_view(struct prom_fixture *fixture, size_t piece, enum prom_format format,
                        const struct prom_filter *filter)
{
    struct prom_page *page = prom_page_new(&fixture->output->store, format, filter);
    char *text = fxi_calloc(1, 1), *buffer = fxi_calloc(1, piece);
    size_t size = 0;
    ssize_t got;
    while ((got = prom_page_read(page, buffer, piece))) {
        assert_in_range(got, 1, piece);
        text = fxi_realloc(text, size + (size_t)got + 1, 1);
        memcpy(text + size, buffer, (size_t)got);
        size += (size_t)got;
        text[size] = '\0';
    }
    free(buffer);
    prom_page_free(page);
    return text;
}

char *prom_fixture_page(struct prom_fixture *fixture, size_t piece)
{
    char *text = prom_fixture_view(fixture, piece, PROM_TEXT, NULL);
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

uint64_t prom_fixture_sum(const char *page)
{
    uint64_t sum = 0;
    for (const char *line = page; *line; line = strchr(line, '\n') + 1) {
        const char *value = line + strcspn(line, "\n");
        while (value > line && value[-1] != ' ')
            value--;
        sum += *line == '#' ? 0 : strtoull(value, NULL, 10);
    }
    return sum;
}
