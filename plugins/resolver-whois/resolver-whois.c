/*
 * resolver-whois: names for AS numbers. This file has the descriptor, the life of an instance and the path of
 * records: a probe of the worker's own cache, then of the shared table. Names come from files (names.c) and from the
 * asker's thread (asker.c). No record ever waits for that thread.
 */
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>
#include <flow-exporter/state.h>

#include "asker.h"
#include "base/clock.h"
#include "command.h"
#include "metrics.h"
#include "names/names.h"
#include "options.h"
#include "table/table.h"

/* A field that is read, and the field that gets the name for its number. */
struct field_pair {
    int number, text;
};

struct field_pairs {
    struct field_pair *pairs;
    size_t count;
};

struct whois {
    struct fx_instance *instance;
    const struct whois_options *options;
    struct field_pairs names, countries;
    struct whois_server_options *servers;
    size_t server_count;
    struct whois_names files;
    struct whois_table table;
    struct whois_asker *asker; /* from start to stop */
};

/*
 * What a worker remembers of the numbers that it has met, with a reference on each cell. The worker drops references
 * only between batches: by then the rows of the last batch have been written.
 */
struct worker {
    struct whois_map cells, countries;
    unsigned generation; /* generation of the table */
};

/* A number that is no number would be counted under the wrong name: it costs the record. */
static int claim_pairs(struct whois *self, const char *option, const struct fx_map *map, struct field_pairs *pairs,
                       struct fx_error *err)
{
    pairs->pairs = calloc(map->count + 1, sizeof(*pairs->pairs));
    if (!pairs->pairs)
        return fx_error_set(err, FX_ENOMEM, "There is no memory for the fields.");
    for (size_t i = 0; i < map->count; i++) {
        struct field_pair *pair = &pairs->pairs[i];
        const char *key = map->pairs[i].key;
        const struct fx_claim number = {
            .path = key, .type = FX_UNSIGNED, .mismatch = FX_MISMATCH_REJECT, .option = option, .item = key};
        pair->number = fx_claim(self->instance, &number, err);
        if (pair->number < 0)
            return pair->number;
        const struct fx_claim text = {
            .path = map->pairs[i].value, .access = FX_CLAIM_WRITE, .type = FX_TEXT, .option = option, .item = key};
        pair->text = fx_claim(self->instance, &text, err);
        if (pair->text < 0)
            return pair->text;
    }
    pairs->count = map->count;
    return 0;
}

static void whois_destroy(void *arg)
{
    struct whois *self = arg;
    if (!self)
        return;
    whois_asker_free(self->asker);
    whois_table_fini(&self->table);
    whois_names_fini(&self->files);
    free(self->names.pairs);
    free(self->countries.pairs);
    free(self->servers);
    free(self);
}

static int make_tables(struct whois *self, struct fx_error *err)
{
    const struct whois_options *options = self->options;
    struct whois_table_options table = {.names = &self->files,
                                        .style = whois_options_style(options),
                                        .reserved_name = options->reserved_name,
                                        .max_entries = (size_t)options->max_names,
                                        .can_ask = self->server_count > 0,
                                        .has_country = options->countries.count > 0,
                                        .instance = self->instance};
    int rc = whois_names_init(&self->files, &options->names);
    if (rc == 0)
        rc = whois_table_init(&self->table, &table);
    return rc < 0 ? fx_error_set(err, rc, "There is no memory for the table of names.") : 0;
}

static int whois_create(struct fx_instance *instance, const void *options, void **result, struct fx_error *err)
{
    struct whois *self = calloc(1, sizeof(*self));
    if (!self)
        return fx_error_set(err, FX_ENOMEM, "There is no memory for the instance.");
    self->instance = instance;
    self->options = options;
    int rc = whois_options_servers(self->options, instance, &self->servers, &self->server_count, err);
    if (rc == 0)
        rc = claim_pairs(self, "fields", &self->options->fields, &self->names, err);
    if (rc == 0)
        rc = claim_pairs(self, "countries", &self->options->countries, &self->countries, err);
    if (rc == 0)
        rc = make_tables(self, err);
    if (rc < 0)
        whois_destroy(self);
    else
        *result = self;
    return rc;
}

static int load_names(struct whois *self, struct fx_error *err)
{
    for (size_t i = 0; i < self->files.count; i++) {
        const char *path = self->files.watches[i].path;
        struct fx_error why = FX_ERROR_INIT;
        int64_t start_ms = whois_now_ms();
        struct whois_names_file *file = whois_names_file_read(path, &why);
        fx_metric_add(self->instance, WHOIS_METRIC_FILE_LOADS, file ? WHOIS_DONE : WHOIS_NOT_DONE, 1);
        if (!file)
            return fx_error_option(err, self->instance, "names", path, "%s", why.message);
        whois_names_file_free(whois_names_replace(&self->files, i, file));
        size_t count = whois_names_file_count(file);
        fx_log(self->instance, count ? FX_LOG_INFO : FX_LOG_WARN, "AS names were read from a file.",
               "file=%s names=%zu bad_lines=%zu ms=%lld", path, count, file->bad_lines,
               (long long)(whois_now_ms() - start_ms));
    }
    fx_metric_set(self->instance, WHOIS_METRIC_LOADED, 0, (int64_t)whois_names_count(&self->files));
    return 0;
}

/* A cache that cannot be used is never a fault: it only costs new queries. */
static void load_cache(struct whois *self, const char *folder)
{
    struct fx_error err = FX_ERROR_INIT;
    struct whois_lifetimes lifetimes = whois_options_lifetimes(self->options);
    size_t count = 0;
    int64_t start_ms = whois_now_ms();
    if (whois_cache_load(folder, &self->table, &lifetimes, &count, &err) < 0)
        fx_log(self->instance, FX_LOG_WARN, "The cache of names is ignored; the servers are asked again.", "reason=%s",
               err.message);
    else if (count > 0)
        fx_log(self->instance, FX_LOG_INFO, "AS names of the last run were read.", "names=%zu ms=%lld", count,
               (long long)(whois_now_ms() - start_ms));
}

static int whois_start(void *arg, struct fx_error *err)
{
    struct whois *self = arg;
    int rc = load_names(self, err);
    if (rc < 0)
        return rc;
    const char *folder = self->options->cache && self->server_count > 0 ? fx_state_folder(self->instance) : NULL;
    if (folder)
        load_cache(self, folder);
    struct whois_asker_options options = {.servers = self->servers,
                                          .server_count = self->server_count,
                                          .lifetimes = whois_options_lifetimes(self->options),
                                          .folder = folder,
                                          .save_interval_ms = self->options->cache_interval,
                                          .names = &self->files};
    self->asker = whois_asker_new(self->instance, &options, &self->table, err);
    return self->asker ? 0 : FX_EIO;
}

/* The thread never waits longer than milliseconds, so the time-out is not needed. */
static void whois_stop(void *arg, int timeout_ms)
{
    struct whois *self = arg;
    (void)timeout_ms;
    whois_asker_stop(self->asker);
}

static void let_go(struct whois_map *map)
{
    for (size_t i = 0; map->slots && i <= map->mask; i++)
        fx_cell_unref(map->slots[i].value);
}

static void whois_worker_free(void *arg, void *context)
{
    struct worker *worker = context;
    (void)arg;
    if (!worker)
        return;
    let_go(&worker->cells);
    let_go(&worker->countries);
    whois_map_fini(&worker->cells);
    whois_map_fini(&worker->countries);
    free(worker);
}

static int whois_worker_new(void *arg, unsigned index, void **result, struct fx_error *err)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    (void)arg;
    (void)index;
    if (!worker || whois_map_init(&worker->cells) < 0 || whois_map_init(&worker->countries) < 0) {
        whois_worker_free(arg, worker);
        return fx_error_set(err, FX_ENOMEM, "There is no memory for a worker.");
    }
    *result = worker;
    return 0;
}

static __attribute__((noinline)) void forget(struct worker *worker, unsigned generation)
{
    let_go(&worker->cells);
    let_go(&worker->countries);
    whois_map_clear(&worker->cells);
    whois_map_clear(&worker->countries);
    worker->generation = generation;
}

/* Takes over the reference. Without memory the overflow cell, which all numbers without room share, is used. */
static struct fx_cell *remember(struct whois *self, struct whois_map *map, uint64_t number, struct fx_cell *cell)
{
    if (!cell || whois_map_put(map, number, cell) == 0)
        return cell;
    fx_cell_unref(cell);
    return self->table.overflow;
}

/* Finds a number that this worker has not met, or has forgotten. */
static __attribute__((noinline)) struct fx_cell *find_shared(struct whois *self, struct worker *worker, uint64_t number,
                                                             bool is_country)
{
    struct whois_made made;
    whois_table_get(&self->table, number, &made);
    if (made.is_overflow)
        fx_metric_add(self->instance, WHOIS_METRIC_OVERFLOW, 0, 1);
    if (made.must_wake)
        whois_asker_wake(self->asker);
    struct fx_cell *unwanted = is_country ? made.cell : made.country;
    fx_cell_unref(unwanted);
    return is_country ? remember(self, &worker->countries, number, made.country)
                      : remember(self, &worker->cells, number, made.cell);
}

/* Numbers beyond max_names are remembered as well, so the memory needs a limit of its own. */
static bool must_forget(const struct whois *self, const struct worker *worker, unsigned generation)
{
    size_t most = 2 * (size_t)self->options->max_names;
    return worker->generation != generation || worker->cells.count >= most || worker->countries.count >= most;
}

static void write_cells(struct whois *self, struct worker *worker, struct fx_value *row,
                        const struct field_pairs *fields, bool is_country)
{
    const struct whois_map *map = is_country ? &worker->countries : &worker->cells;
    for (size_t f = 0; f < fields->count; f++) {
        const struct fx_value *in = &row[fields->pairs[f].number];
        uint64_t number = in->type == FX_UNSIGNED ? in->u : 0;
        struct fx_cell *cell = whois_map_find(map, number);
        if (!cell)
            cell = find_shared(self, worker, number, is_country);
        row[fields->pairs[f].text] = (struct fx_value){.cell = cell, .type = FX_LATE};
    }
}

static enum fx_verdict whois_enrich(void *arg, void *context, struct fx_batch *batch)
{
    struct whois *self = arg;
    struct worker *worker = context;
    unsigned generation = atomic_load_explicit(&self->table.generation, memory_order_relaxed);
    if (must_forget(self, worker, generation))
        forget(worker, generation);
    for (uint32_t i = 0; i < batch->rows; i++) {
        struct fx_value *row = fx_batch_row(batch, i);
        write_cells(self, worker, row, &self->names, false);
        if (self->countries.count)
            write_cells(self, worker, row, &self->countries, true);
    }
    return FX_OK;
}

static int whois_run_command(void *arg, int argc, const char *const *argv)
{
    struct whois *self = arg;
    struct whois_command command = {.instance = self->instance,
                                    .options = self->options,
                                    .servers = self->servers,
                                    .server_count = self->server_count,
                                    .files = &self->files};
    return whois_command_run(&command, argc, argv);
}

FX_PLUGIN = {
    FX_PLUGIN_RESOLVER,
    .name = "resolver-whois",
    .version = "0.1.0",
    .summary = "Gives AS numbers their names, from whois servers and files.",
    .options = whois_option_table,
    .options_size = sizeof(struct whois_options),
    .metrics = whois_metric_table,
    .create = whois_create,
    .destroy = whois_destroy,
    .start = whois_start,
    .stop = whois_stop,
    .worker_new = whois_worker_new,
    .worker_free = whois_worker_free,
    .enrich = whois_enrich,
    .command = "whois",
    .command_help = "AS15169 ...",
    .run_command = whois_run_command,
};
