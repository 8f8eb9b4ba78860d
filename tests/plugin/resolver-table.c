/*
 * A test resolver, and the example of a resolver in docs/plugins.md. It looks up the text of one field in a table of
 * the configuration, and fills another field: at once or, to show late values, when the next batch comes.
 *
 * Several workers may be inside enrich: the cells' states are under the lock.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

struct table_options {
    const char *from, *to;
    struct fx_map texts;
    bool late;
};

struct table {
    const struct table_options *options;
    int from, to; /* numbers of the fields */
    pthread_mutex_t lock;
    struct fx_cell **cells; /* one for each pair of texts; we hold a reference to each */
    bool *asked;            /* cells in a batch that was passed on; under lock */
};

static void table_destroy(void *self)
{
    struct table *table = self;
    for (size_t i = 0; table->cells && i < table->options->texts.count; i++)
        fx_cell_unref(table->cells[i]);
    free(table->cells);
    free(table->asked);
    pthread_mutex_destroy(&table->lock);
    free(table);
}

static int make_cells(struct table *table)
{
    size_t count = table->options->texts.count;
    table->cells = calloc(count + 1, sizeof(struct fx_cell *));
    table->asked = calloc(count + 1, sizeof *table->asked);
    if (!table->cells || !table->asked)
        return -1;
    for (size_t i = 0; i < count; i++) {
        const char *key = table->options->texts.pairs[i].key;
        if (!(table->cells[i] = fx_cell_new_keyed(key, strlen(key))))
            return -1;
    }
    return 0;
}

static int table_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct table_options *table_options = options;
    const struct fx_claim read = {.path = table_options->from, .type = FX_TEXT, .option = "from"};
    const struct fx_claim write = {
        .path = table_options->to, .access = FX_CLAIM_WRITE, .type = FX_TEXT, .option = "to"};
    int from = fx_claim(instance, &read, err);
    int to = from < 0 ? from : fx_claim(instance, &write, err);
    if (to < 0)
        return to;
    struct table *table = calloc(1, sizeof *table);
    if (!table)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    table->options = options;
    table->from = from;
    table->to = to;
    pthread_mutex_init(&table->lock, NULL);
    if (make_cells(table)) {
        table_destroy(table);
        return fx_error_set(err, FX_ENOMEM, "no memory for %zu cells", table_options->texts.count);
    }
    *self = table;
    return 0;
}

/* The texts that were requested before have arrived. */
static void answer_cells(struct table *table)
{
    for (size_t i = 0; i < table->options->texts.count; i++) {
        const char *text = table->options->texts.pairs[i].value;
        if (table->asked[i] && fx_cell_state(table->cells[i]) == FX_CELL_PENDING)
            (void)fx_cell_set(table->cells[i], FX_CELL_KNOWN, text, strlen(text));
    }
}

/* A text that the plugin makes lives in the batch's arena. */
static struct fx_value question(struct fx_batch *batch, const struct fx_value *from)
{
    char *text = fx_batch_alloc(batch, from->size + 1u);
    if (!text)
        return (struct fx_value){.type = FX_NULL};
    memcpy(text, from->text, from->size);
    text[from->size] = '?';
    return (struct fx_value){.text = text, .size = from->size + 1, .type = FX_TEXT};
}

static struct fx_value find(struct table *table, struct fx_batch *batch, const struct fx_value *from)
{
    if (from->type != FX_TEXT)
        return (struct fx_value){.type = FX_NULL};
    for (size_t i = 0; i < table->options->texts.count; i++) {
        const struct fx_pair *pair = &table->options->texts.pairs[i];
        if (strlen(pair->key) != from->size || memcmp(pair->key, from->text, from->size) != 0)
            continue;
        if (!table->options->late)
            return (struct fx_value){.text = pair->value, .size = (uint32_t)strlen(pair->value), .type = FX_TEXT};
        table->asked[i] = true;
        return (struct fx_value){.cell = table->cells[i], .type = FX_LATE};
    }
    return question(batch, from);
}

static enum fx_verdict table_enrich(void *self, void *worker, struct fx_batch *batch)
{
    struct table *table = self;
    (void)worker;
    pthread_mutex_lock(&table->lock);
    answer_cells(table);
    for (uint32_t i = 0; i < batch->rows; i++) {
        struct fx_value *row = fx_batch_row(batch, i);
        row[table->to] = find(table, batch, &row[table->from]);
    }
    pthread_mutex_unlock(&table->lock);
    return FX_OK;
}

static const struct fx_option options[] = {
    {FX_OPTION(struct table_options, from), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The field whose text is looked up."},
    {FX_OPTION(struct table_options, to), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The field to fill."},
    {FX_OPTION(struct table_options, texts), .type = FX_OPT_MAP, .fallback = "{}",
     .help = "What is found for which text. For others it is the text with a question mark."},
    {FX_OPTION(struct table_options, late), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether texts arrive only when the next batch comes."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_RESOLVER,     .name = "resolver-table",
    .version = "1",         .summary = "Fills a field from a table of the configuration.",
    .options = options,     .options_size = sizeof(struct table_options),
    .create = table_create, .destroy = table_destroy,
    .enrich = table_enrich,
};
