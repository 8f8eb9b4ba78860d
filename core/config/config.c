/*
 * Makes the whole configuration from the tree. The program's own sections are read by option tables, as plugins'
 * options are. Main thread. The configuration owns its document and what the tables allocated.
 */
#include "config/config.h"

#include <stdlib.h>
#include <string.h>

#include "config/entries.h"
#include "config/options.h"
#include "config/text.h"
#include "util/alloc.h"

#define MS_OF_HOUR INT64_C(3600000)

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};

static const struct fx_option log_table[] = {
    {FX_OPTION(struct fxi_log_options, level), .type = FX_OPT_ENUM, .fallback = "info", .choices = log_levels,
     .help = "The least important level that is logged."},
    {FX_OPTION(struct fxi_log_options, format), .type = FX_OPT_ENUM, .fallback = "text", .choices = log_formats,
     .help = "text: lines for people. json: one JSON object per line."},
    {.key = NULL},
};

static const char *const state_failures[] = {"degrade", "stop", NULL};

static const struct fx_option state_table[] = {
    {.key = "min_interval",
     .offset = offsetof(struct fxi_state_options, min_interval_ms),
     .type = FX_OPT_DURATION,
     .fallback = "1s",
     .min = 0,
     .max = MS_OF_HOUR,
     .help = "A page causes no checkpoint when the last one is younger than this."},
    {.key = "max_interval",
     .offset = offsetof(struct fxi_state_options, max_interval_ms),
     .type = FX_OPT_DURATION,
     .fallback = "30s",
     .min = 100,
     .max = 24 * MS_OF_HOUR,
     .help = "A checkpoint is taken after this time even when no page is asked for."},
    {FX_OPTION(struct fxi_state_options, directory), .type = FX_OPT_STRING,
     .help = "The directory that keeps counters over restarts; 'none': they are not kept. By default systemd's "
             "STATE_DIRECTORY, else flow-exporter in the XDG state home."},
    {FX_OPTION(struct fxi_state_options, on_failure), .type = FX_OPT_ENUM, .fallback = "degrade",
     .choices = state_failures,
     .help = "What happens when the directory can't be used. degrade: the program continues to count without it. "
             "stop: the program ends."},
    {.key = NULL},
};

static const struct fx_option pipeline_table[] = {
    {.key = "batch_records",
     .offset = offsetof(struct fxi_pipeline_options, batch_records),
     .type = FX_OPT_INTEGER,
     .fallback = "512",
     .min = 1,
     .max = 65536,
     .unit = "records",
     .help = "The number of records that a worker hands to resolvers and outputs at once."},
    {.key = "max_depth",
     .offset = offsetof(struct fxi_pipeline_options, max_depth),
     .type = FX_OPT_INTEGER,
     .fallback = "64",
     .min = 1,
     .max = 1024,
     .unit = "levels",
     .help = "A record with deeper nesting is rejected."},
    {.key = "retry_for",
     .offset = offsetof(struct fxi_pipeline_options, retry_for_ms),
     .type = FX_OPT_DURATION,
     .fallback = "30s",
     .min = 0,
     .max = 24 * MS_OF_HOUR,
     .help = "How long a batch is offered again to an output that can't take it now. Then on_failure of the output "
             "decides."},
    {.key = "stop_timeout",
     .offset = offsetof(struct fxi_pipeline_options, stop_timeout_ms),
     .type = FX_OPT_DURATION,
     .fallback = "1500ms",
     .min = 100,
     .max = MS_OF_HOUR,
     .help = "How long a clean stop may take. The program ends at most two seconds later, even when a call hangs."},
    {.key = "call_deadline",
     .offset = offsetof(struct fxi_pipeline_options, call_deadline_ms),
     .type = FX_OPT_DURATION,
     .fallback = "10s",
     .min = 100,
     .max = MS_OF_HOUR,
     .help = "A call of a plugin that lasts longer is named in the log and shown in a metric."},
    {.key = "max_uncommitted",
     .offset = offsetof(struct fxi_pipeline_options, max_uncommitted),
     .type = FX_OPT_INTEGER,
     .fallback = "10000000",
     .min = 1,
     .max = INT64_MAX,
     .unit = "records",
     .help = "When so many records are counted and not committed, nothing is read until a checkpoint is committed. At "
             "half the number a checkpoint is taken."},
    {.key = "absent_after",
     .offset = offsetof(struct fxi_pipeline_options, absent_after_ms),
     .type = FX_OPT_DURATION,
     .fallback = "1m",
     .min = 0,
     .max = 24 * MS_OF_HOUR,
     .help = "A field that a plugin reads, but that no record has had for so long and in 10,000 records, is named in "
             "the log and shown in a metric. 0: never."},
    {.key = NULL},
};

const struct fxi_section fxi_sections[] = {
    {"log", "The program's own messages, on standard error.", log_table},
    {"state", "The state that survives the program, and how often a checkpoint is taken.", state_table},
    {"pipeline", "The path of records through the program.", pipeline_table},
    {.key = NULL},
};

static const char *const root_keys[] = {"log", "state", "pipeline", "inputs", "resolvers", "outputs", NULL};

static int keys_check(const struct fxi_document *document, struct fx_error *err)
{
    static const struct fx_option nothing[] = {{.key = NULL}};
    char none;
    return fxi_options_fill(nothing, document->file, document->root, root_keys, &none, err);
}

/* Fills one of the sections that are maps. */
static int section_fill(const struct fxi_document *document, const char *key, const struct fx_option *table,
                        void *options, struct fx_error *err)
{
    const struct fxi_node *node = fxi_node_get(document->root, key);
    if (node && node->is_null)
        node = NULL;
    if (node && node->type != FXI_NODE_MAP)
        return fxi_node_error(err, document->file, node, 0, FX_EINVAL,
                              "'%s' must be a map of options, such as '%s: {%s: %s}'", key, key, table[0].key,
                              table[0].fallback);
    return fxi_options_fill(table, document->file, node, NULL, options, err);
}

static int intervals_check(const struct fxi_document *document, const struct fxi_state_options *state,
                           struct fx_error *err)
{
    if (state->min_interval_ms <= state->max_interval_ms)
        return 0;
    const struct fxi_node *map = fxi_node_get(document->root, "state");
    fxi_error_place(err, document->file, 0, 0);
    if (err)
        fxi_options_place(map, fxi_node_get(map, "min_interval") ? "min_interval" : "max_interval", NULL, &err->line,
                          &err->column);
    return fx_error_set(err, FX_EINVAL, "'min_interval' must not be longer than 'max_interval'");
}

static int config_fill(struct fxi_config *config, struct fx_error *err)
{
    const struct fxi_document *document = config->document;
    int code = keys_check(document, err);
    if (code == 0)
        code = section_fill(document, "log", log_table, &config->log, err);
    if (code == 0)
        code = section_fill(document, "state", state_table, &config->state, err);
    if (code == 0)
        code = intervals_check(document, &config->state, err);
    if (code == 0)
        code = section_fill(document, "pipeline", pipeline_table, &config->pipeline, err);
    if (code == 0)
        code = fxi_entries_fill(config, err);
    return code;
}

int fxi_config_log(const struct fxi_document *document, struct fxi_log_options *log)
{
    return section_fill(document, "log", log_table, log, NULL);
}

struct fxi_config *fxi_config_new(struct fxi_document *document_take, struct fx_error *err)
{
    struct fxi_config *config = fxi_calloc(1, sizeof *config);
    config->document = document_take;
    if (config_fill(config, err) == 0)
        return config;
    fxi_config_free(config);
    return NULL;
}

void fxi_config_free(struct fxi_config *config)
{
    if (!config)
        return;
    fxi_entries_fini(config);
    fxi_options_fini(state_table, &config->state);
    fxi_document_free(config->document);
    free(config);
}
