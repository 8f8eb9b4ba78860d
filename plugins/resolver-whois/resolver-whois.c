/*
 * resolver-whois: names for AS numbers. This file is the descriptor, the life
 * of an instance and the way of records: a probe of the worker's own cache,
 * else of the shared table. Names come from files at start (names_file.c) and
 * from the asker's thread (asker.c), which no record ever waits for.
 */
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

#include "asker.h"
#include "clock.h"
#include "metrics.h"
#include "names_file.h"
#include "table.h"

struct options {
    struct fx_map fields;
    const char *server;
    struct fx_list names;
    int country;
    int64_t max_names;
    int64_t query_timeout;
    int64_t retry_interval;
    int64_t batch;
};

enum country { COUNTRY_STRIP, COUNTRY_KEEP };

/* A field that is read and the one that its name is written to. */
struct field_pair {
    int number, name;
};

struct whois {
    struct fx_instance *instance;
    const struct options *options;
    struct field_pair *fields;
    size_t field_count;
    bool has_server;
    struct whois_asker_options asker_options;
    struct whois_names names;
    struct whois_table table;
    struct whois_asker *asker; /* from start to stop, if there is a server */
};

/* The numbers that a worker has met. Its cells are the table's and stay as long. */
struct worker {
    struct whois_map cells;
};

static const char *const country_choices[] = {"strip", "keep", NULL};

static const struct fx_option option_table[] = {
    {FX_OPTION(struct options, fields), .type = FX_OPT_MAP, .fallback = "{as_src: as_src_name, as_dst: as_dst_name}",
     .min = 1, .max = 64,
     .help = "Which fields hold AS numbers, and into which field the name of each is written. A record without the "
             "number counts as AS 0."},
    {FX_OPTION(struct options, server), .type = FX_OPT_STRING, .fallback = "whois.cymru.com",
     .help = "The whois server, which must speak Team Cymru's bulk protocol: HOST, HOST:PORT, [IPV6] or [IPV6]:PORT. "
             "The port is 43 if none is given. 'none' asks nobody: only the files' names are known."},
    {FX_OPTION(struct options, names), .type = FX_OPT_LIST, .max = 64,
     .help = "Files with names, one a line: number, tab, name. They are read at start, and the server is not asked "
             "about numbers that are in one of them. A later file wins over an earlier one."},
    {FX_OPTION(struct options, country), .type = FX_OPT_ENUM, .fallback = "strip", .choices = country_choices,
     .help = "Whether the country at the end of a name (', US') is stripped or kept."},
    {FX_OPTION(struct options, max_names), .type = FX_OPT_INTEGER, .fallback = "200000", .min = 1, .max = 16777216,
     .unit = "numbers", .help = "For how many different numbers names are kept. Those beyond have no name."},
    {FX_OPTION(struct options, query_timeout), .type = FX_OPT_DURATION, .fallback = "30s", .min = 100, .max = 3600000,
     .help = "After this time a query is given up. The names that came are kept, the others are asked for again."},
    {FX_OPTION(struct options, retry_interval), .type = FX_OPT_DURATION, .fallback = "30s", .min = 10, .max = 3600000,
     .help = "The pause after a failed query. It doubles with each further one, up to 32 times this."},
    {FX_OPTION(struct options, batch), .type = FX_OPT_INTEGER, .fallback = "5000", .min = 1, .max = 100000,
     .unit = "numbers", .help = "How many numbers are asked about in one connection at most."},
    {.key = NULL}};

static const char *const answer_values[] = {"known", "unknown", "error", NULL};
static const char *const state_values[] = {"pending", "known", "unknown", NULL};
static const char *const connection_values[] = {"complete", "partial", "failed", "timeout", NULL};

static const struct fx_metric metric_table[] = {
    [WHOIS_METRIC_QUERIES] = {.name = "whois_queries_total",
                              .kind = FX_COUNTER,
                              .help = "Numbers that the whois server was asked about."},
    [WHOIS_METRIC_ANSWERS] = {.name = "whois_answers_total",
                              .kind = FX_COUNTER,
                              .label = "result",
                              .values = answer_values,
                              .help = "Numbers by what came of asking: a name, no name, or no answer."},
    [WHOIS_METRIC_NAMES] = {.name = "whois_names",
                            .kind = FX_GAUGE,
                            .label = "state",
                            .values = state_values,
                            .help = "Numbers met in records, by the state of their name."},
    [WHOIS_METRIC_LOADED] = {.name = "whois_names_loaded", .kind = FX_GAUGE, .help = "Names read from files."},
    [WHOIS_METRIC_CONNECTIONS] = {.name = "whois_connections_total",
                                  .kind = FX_COUNTER,
                                  .label = "result",
                                  .values = connection_values,
                                  .help = "Connections to the whois server."},
    [WHOIS_METRIC_OVERFLOW] = {.name = "whois_names_overflow_total",
                               .kind = FX_COUNTER,
                               .help = "Look-ups of numbers beyond max_names, which get no name."},
    {.name = NULL}};

static int claim_fields(struct whois *self, struct fx_error *err)
{
    const struct fx_map *map = &self->options->fields;
    self->fields = calloc(map->count, sizeof(*self->fields));
    if (!self->fields)
        return fx_error_set(err, FX_ENOMEM, "There is no memory for the fields.");
    for (size_t i = 0; i < map->count; i++) {
        struct field_pair *pair = &self->fields[i];
        pair->number = fx_claim_read(self->instance, map->pairs[i].key, FX_UNSIGNED, err);
        if (pair->number < 0)
            return pair->number;
        pair->name = fx_claim_write(self->instance, map->pairs[i].value, err);
        if (pair->name < 0)
            return pair->name;
    }
    self->field_count = map->count;
    return 0;
}

static int set_up_server(struct whois *self, struct fx_error *err)
{
    const struct options *options = self->options;
    const char *why = NULL;
    self->asker_options = (struct whois_asker_options){.dialect = &whois_cymru,
                                                       .strip_country = options->country == COUNTRY_STRIP,
                                                       .query_timeout_ms = options->query_timeout,
                                                       .retry_interval_ms = options->retry_interval,
                                                       .batch = (size_t)options->batch};
    self->has_server = strcmp(options->server, "none") != 0;
    if (self->has_server && whois_address_parse(options->server, &self->asker_options.address, &why) < 0)
        return fx_error_option(err, self->instance, "server", NULL, "%s: '%s'.", why, options->server);
    return 0;
}

static void whois_destroy(void *arg)
{
    struct whois *self = arg;
    if (!self)
        return;
    whois_asker_free(self->asker);
    whois_table_fini(&self->table);
    whois_names_fini(&self->names);
    free(self->fields);
    free(self);
}

static int whois_create(struct fx_instance *instance, const void *options, void **result, struct fx_error *err)
{
    struct whois *self = calloc(1, sizeof(*self));
    if (!self)
        return fx_error_set(err, FX_ENOMEM, "There is no memory for the instance.");
    self->instance = instance;
    self->options = options;
    int rc = set_up_server(self, err);
    if (rc == 0)
        rc = claim_fields(self, err);
    if (rc == 0) {
        rc = whois_names_init(&self->names, self->options->country == COUNTRY_STRIP);
        if (rc == 0)
            rc = whois_table_init(&self->table, &self->names, (size_t)self->options->max_names, self->has_server);
        if (rc < 0)
            fx_error_set(err, rc, "There is no memory for the table of names.");
    }
    if (rc < 0)
        whois_destroy(self);
    else
        *result = self;
    return rc;
}

static int load_names(struct whois *self, struct fx_error *err)
{
    const struct fx_list *files = &self->options->names;
    for (size_t i = 0; i < files->count; i++) {
        struct fx_error why = FX_ERROR_INIT;
        size_t bad_lines = 0, before = self->names.by_number.count;
        int64_t start_ms = whois_now_ms();
        if (whois_names_load(&self->names, files->items[i], &bad_lines, &why) < 0)
            return fx_error_option(err, self->instance, "names", files->items[i], "%s", why.message);
        size_t added = self->names.by_number.count - before;
        fx_log(self->instance, added ? FX_LOG_INFO : FX_LOG_WARN, "AS names were read from a file.",
               "file=%s new=%zu bad_lines=%zu ms=%lld", files->items[i], added, bad_lines,
               (long long)(whois_now_ms() - start_ms));
    }
    fx_metric_set(self->instance, WHOIS_METRIC_LOADED, 0, (int64_t)self->names.by_number.count);
    return 0;
}

static int whois_start(void *arg, struct fx_error *err)
{
    struct whois *self = arg;
    int rc = load_names(self, err);
    if (rc < 0 || !self->has_server)
        return rc;
    self->asker = whois_asker_new(self->instance, &self->asker_options, &self->table, err);
    return self->asker ? 0 : FX_EIO;
}

/* The thread never waits for anybody for longer than milliseconds, so there is no need to count the time. */
static void whois_stop(void *arg, int timeout_ms)
{
    struct whois *self = arg;
    (void)timeout_ms;
    whois_asker_free(self->asker);
    self->asker = NULL;
}

static int whois_worker_new(void *arg, unsigned index, void **result, struct fx_error *err)
{
    (void)arg;
    (void)index;
    struct worker *worker = calloc(1, sizeof(*worker));
    if (!worker || whois_map_init(&worker->cells) < 0) {
        free(worker);
        return fx_error_set(err, FX_ENOMEM, "There is no memory for a worker.");
    }
    *result = worker;
    return 0;
}

static void whois_worker_free(void *arg, void *context)
{
    struct worker *worker = context;
    (void)arg;
    if (worker)
        whois_map_fini(&worker->cells);
    free(worker);
}

/* A number that this worker has not met, or has forgotten. */
static __attribute__((noinline)) struct fx_cell *find_shared(struct whois *self, struct worker *worker, uint64_t number)
{
    struct whois_made made;
    struct fx_cell *cell = whois_table_get(&self->table, number, &made);
    if (made.is_new)
        fx_metric_add(self->instance, WHOIS_METRIC_NAMES, made.state, 1);
    if (made.is_overflow)
        fx_metric_add(self->instance, WHOIS_METRIC_OVERFLOW, 0, 1);
    if (made.must_wake)
        whois_asker_wake(self->asker);
    /* Numbers beyond max_names are remembered too, so the cache needs a bound of its own. */
    if (worker->cells.count >= 2 * (size_t)self->options->max_names)
        whois_map_clear(&worker->cells);
    /* Without memory the number is simply not remembered. */
    (void)whois_map_put(&worker->cells, number, cell);
    return cell;
}

static enum fx_verdict whois_enrich(void *arg, void *context, struct fx_batch *batch)
{
    struct whois *self = arg;
    struct worker *worker = context;
    for (uint32_t i = 0; i < batch->rows; i++) {
        struct fx_value *row = fx_batch_row(batch, i);
        for (size_t f = 0; f < self->field_count; f++) {
            const struct fx_value *in = &row[self->fields[f].number];
            uint64_t number = in->type == FX_UNSIGNED ? in->u : 0;
            struct fx_cell *cell = whois_map_find(&worker->cells, number);
            if (!cell)
                cell = find_shared(self, worker, number);
            row[self->fields[f].name] = (struct fx_value){.cell = cell, .type = FX_LATE};
        }
    }
    return FX_OK;
}

FX_PLUGIN = {
    FX_PLUGIN_RESOLVER,
    .name = "resolver-whois",
    .version = "0.1.0",
    .summary = "AS names from whois servers and files",
    .options = option_table,
    .options_size = sizeof(struct options),
    .metrics = metric_table,
    .create = whois_create,
    .destroy = whois_destroy,
    .start = whois_start,
    .stop = whois_stop,
    .worker_new = whois_worker_new,
    .worker_free = whois_worker_free,
    .enrich = whois_enrich,
};
