/*
 * A test resolver, and the example of a filter in docs/plugins.md. It drops all records whose field has one of the
 * listed texts; with `keep` it drops all others.
 *
 * It only reads its own memory, so workers need no lock. `answers` lets the first calls fail after they have dropped
 * rows: only tests use it.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

struct filter_options {
    const char *field;
    struct fx_list texts;
    bool keep;
    struct fx_list answers;
};

struct filter {
    const struct filter_options *options;
    int field;
    _Atomic size_t calls;
};

static int filter_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct filter_options *filter_options = options;
    const struct fx_claim claim = {.path = filter_options->field, .type = FX_TEXT, .option = "field"};
    int field = fx_claim(instance, &claim, err);
    if (field < 0)
        return field;
    struct filter *filter = calloc(1, sizeof *filter);
    if (!filter)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    filter->options = options;
    filter->field = field;
    *self = filter;
    return 0;
}

static bool is_listed(const struct fx_list *texts, const struct fx_value *value)
{
    for (size_t i = 0; i < texts->count; i++)
        if (value->type == FX_TEXT && strlen(texts->items[i]) == value->size &&
            memcmp(texts->items[i], value->text, value->size) == 0)
            return true;
    return false;
}

static enum fx_verdict next_answer(struct filter *filter)
{
    const struct fx_list *answers = &filter->options->answers;
    size_t call = atomic_fetch_add(&filter->calls, 1);
    const char *answer = call < answers->count ? answers->items[call] : "ok";
    return strcmp(answer, "retry") == 0 ? FX_RETRY : strcmp(answer, "drop") == 0 ? FX_DROP : FX_OK;
}

static enum fx_verdict filter_enrich(void *self, void *worker, struct fx_batch *batch)
{
    struct filter *filter = self;
    (void)worker;
    enum fx_verdict verdict = next_answer(filter);
    for (uint32_t i = 0; i < batch->rows; i++)
        if (is_listed(&filter->options->texts, &fx_batch_row(batch, i)[filter->field]) != filter->options->keep)
            fx_batch_drop(batch, i);
    return verdict;
}

static const struct fx_option options[] = {
    {FX_OPTION(struct filter_options, field), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The field to look at."},
    {FX_OPTION(struct filter_options, texts), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED,
     .help = "The texts of records to drop."},
    {FX_OPTION(struct filter_options, keep), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether these records are kept, and all others dropped."},
    {FX_OPTION(struct filter_options, answers), .type = FX_OPT_LIST, .fallback = "[]",
     .help = "What the first calls answer: ok, retry or drop. Later ones answer ok."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_RESOLVER,      .name = "resolver-filter",
    .version = "1",          .summary = "Drops records by the text of a field.",
    .options = options,      .options_size = sizeof(struct filter_options),
    .create = filter_create, .destroy = free,
    .enrich = filter_enrich,
};
