#include "prom_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/alloc.h"

/* As many as the plugin has; what they are called does not matter here. */
static const double scrape_bounds[] = {0.5, 1};

static const char *const of_metric[] = {"metric", NULL};

static const struct fx_metric metrics[] = {
    [PROM_SERIES] = {.name = "series", .kind = FX_GAUGE, .help = "s"},
    [PROM_SERIES_HELD] = {.name = "held", .kind = FX_GAUGE, .help = "h"},
    [PROM_OTHER] = {.name = "other", .kind = FX_COUNTER, .help = "o"},
    [PROM_UNMATCHED] = {.name = "unmatched", .kind = FX_COUNTER, .help = "u"},
    [PROM_WITHOUT_VALUE] = {.name = "without_value", .kind = FX_COUNTER, .help = "w"},
    [PROM_REQUESTS] = {.name = "requests",
                       .kind = FX_COUNTER,
                       .help = "r",
                       .label = "answer",
                       .values = (const char *const[]){"metrics", "healthy", "landing", "api", "refused", NULL}},
    [PROM_PAGE_BYTES] = {.name = "page_bytes", .kind = FX_COUNTER, .help = "p"},
    [PROM_SERIES_CREATED] = {.name = "created", .kind = FX_COUNTER, .help = "c"},
    [PROM_SERIES_EXPIRED] = {.name = "expired", .kind = FX_COUNTER, .help = "e"},
    [PROM_SCRAPE_SECONDS] = {.name = "scrape_seconds",
                             .kind = FX_HISTOGRAM,
                             .help = "s",
                             .label = "encoding",
                             .values = (const char *const[]){"identity", "gzip", "zstd", NULL},
                             FX_BOUNDS(scrape_bounds)},
    [PROM_CONNECTIONS] = {.name = "connections",
                          .kind = FX_GAUGE,
                          .help = "c",
                          .labels = (const char *const[]){"listen", NULL},
                          .max_series = 32},
    [PROM_CONNECTIONS_ACCEPTED] = {.name = "accepted",
                                   .kind = FX_COUNTER,
                                   .help = "a",
                                   .labels = (const char *const[]){"listen", NULL},
                                   .max_series = 32},
    [PROM_CONNECTIONS_CLOSED] = {.name = "closed",
                                 .kind = FX_COUNTER,
                                 .help = "c",
                                 .label = "reason",
                                 .values = (const char *const[]){"request_time", "answer_time", "idle", "slow", "full",
                                                                 "incomplete", NULL}},
    [PROM_TOP_SERIES] = {.name = "top_series", .kind = FX_GAUGE, .help = "t", .labels = of_metric, .max_series = 32},
    [PROM_TOP_PLACES] = {.name = "top_places", .kind = FX_GAUGE, .help = "t", .labels = of_metric, .max_series = 32},
    [PROM_TOP_ADMITTED] =
        {.name = "top_admitted_total", .kind = FX_COUNTER, .help = "t", .labels = of_metric, .max_series = 32},
    [PROM_TOP_DISPLACED] =
        {.name = "top_displaced_total", .kind = FX_COUNTER, .help = "t", .labels = of_metric, .max_series = 32},
    [PROM_TOP_WEIGHT] = {.name = "top_weight", .kind = FX_GAUGE, .help = "t", .labels = of_metric, .max_series = 32},
    [PROM_TOP_OTHER_WEIGHT] =
        {.name = "top_other_weight", .kind = FX_GAUGE, .help = "t", .labels = of_metric, .max_series = 32},
    [PROM_LOGINS] = {.name = "logins",
                     .kind = FX_COUNTER,
                     .help = "l",
                     .label = "result",
                     .values = (const char *const[]){"known", "right", "wrong", "busy", "absent", NULL}},
    [PROM_LOGINS_WAITING] = {.name = "logins_waiting", .kind = FX_GAUGE, .help = "w"},
    [PROM_WEB_CONFIG_READS] = {.name = "web_config_reads",
                               .kind = FX_COUNTER,
                               .help = "r",
                               .label = "result",
                               .values = (const char *const[]){"used", "refused", NULL}},
    [PROM_WEB_CONFIG_STALE] = {.name = "web_config_stale", .kind = FX_GAUGE, .help = "s"},
    {.name = NULL}};

static const char *const any_port[] = {"127.0.0.1:0"};

static const struct fx_plugin plugin = {FX_PLUGIN_OUTPUT, .name = "out"};

struct fx_tables prom_fixture_metrics;

void prom_fixture_init(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms)
{
    prom_fixture_init_asn(fixture, max_series, names_wait_ms, 100);
}

void prom_fixture_init_asn(struct prom_fixture *fixture, int64_t max_series, int64_t names_wait_ms, int64_t asn)
{
    *fixture = (struct prom_fixture){0};
    fixture->options = (struct prom_options){.listen = {1, any_port},
                                             .socket_mode = "0660",
                                             .metrics = prom_fixture_metrics,
                                             .asn = asn,
                                             .names_wait = names_wait_ms,
                                             .max_series = max_series,
                                             .max_connections = 16,
                                             .max_pages = 4,
                                             .request_timeout = 10000,
                                             .answer_timeout = 60000,
                                             .connection_timeout = 10000};
    fixture->pipeline.metrics = fxi_metrics_new();
    fixture->pipeline.config = &fixture->config;
    fixture->pipeline.recovered = true;
    fxi_readiness_init(&fixture->pipeline.readiness);
    pthread_mutex_init(&fixture->pipeline.wake, NULL);
    pthread_cond_init(&fixture->pipeline.woken, NULL);
    fixture->entry.node = &fixture->node;
    fixture->instance.plugin = &plugin;
    fixture->instance.entry = &fixture->entry;
    fixture->instance.file = "test.yaml";
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
    fxi_readiness_fini(&fixture->pipeline.readiness);
    pthread_cond_destroy(&fixture->pipeline.woken);
    pthread_mutex_destroy(&fixture->pipeline.wake);
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
    assert_int_equal(prom_cut(fixture->output, fixture->number), 0);
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
    struct prom_page *page = prom_page_new(fixture->output, format, filter);
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
