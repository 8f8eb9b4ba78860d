/*
 * A test resolver that writes numbers. It looks up the text of one field in a table of the configuration. It puts the
 * result into several fields, in the type that an option names. With `replace` it leaves a field alone if it finds
 * nothing.
 *
 * It only reads its own memory, so workers need no lock.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

struct number_options {
    const char *from;
    struct fx_list to;
    int type;
    bool replace;
    struct fx_map values;
};

struct number {
    const struct number_options *options;
    int from;
    int to[]; /* numbers of the fields */
};

static const uint32_t field_types[] = {FX_UNSIGNED, FX_SIGNED, FX_DOUBLE, FX_TEXT};

static int claim_fields(struct fx_instance *instance, struct number *number, struct fx_error *err)
{
    const struct number_options *options = number->options;
    const struct fx_claim from = {.path = options->from, .type = FX_TEXT, .option = "from"};
    number->from = fx_claim(instance, &from, err);
    int rc = number->from;
    for (size_t i = 0; i < options->to.count && rc >= 0; i++) {
        const struct fx_claim to = {.path = options->to.items[i],
                                    .access = FX_CLAIM_WRITE | (options->replace ? FX_CLAIM_READ : 0),
                                    .type = field_types[options->type],
                                    .option = "to",
                                    .item = options->to.items[i]};
        rc = number->to[i] = fx_claim(instance, &to, err);
    }
    return rc < 0 ? rc : 0;
}

static int number_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct number_options *number_options = options;
    struct number *number = calloc(1, sizeof *number + number_options->to.count * sizeof *number->to);
    if (!number)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    number->options = options;
    int rc = claim_fields(instance, number, err);
    if (rc)
        free(number);
    else
        *self = number;
    return rc;
}

static struct fx_value make_value(const struct number *number, const char *text)
{
    switch (field_types[number->options->type]) {
    case FX_UNSIGNED:
        return (struct fx_value){.u = strtoull(text, NULL, 10), .type = FX_UNSIGNED};
    case FX_SIGNED:
        return (struct fx_value){.i = strtoll(text, NULL, 10), .type = FX_SIGNED};
    case FX_DOUBLE:
        return (struct fx_value){.d = strtod(text, NULL), .type = FX_DOUBLE};
    default:
        return (struct fx_value){.text = text, .size = (uint32_t)strlen(text), .type = FX_TEXT};
    }
}

static const char *find(const struct number *number, const struct fx_value *from)
{
    const struct fx_map *values = &number->options->values;
    for (size_t i = 0; i < values->count; i++)
        if (from->type == FX_TEXT && strlen(values->pairs[i].key) == from->size &&
            memcmp(values->pairs[i].key, from->text, from->size) == 0)
            return values->pairs[i].value;
    return NULL;
}

static enum fx_verdict number_enrich(void *self, void *worker, struct fx_batch *batch)
{
    const struct number *number = self;
    (void)worker;
    for (uint32_t i = 0; i < batch->rows; i++) {
        struct fx_value *row = fx_batch_row(batch, i);
        const char *found = find(number, &row[number->from]);
        for (size_t j = 0; j < number->options->to.count; j++)
            if (found)
                row[number->to[j]] = make_value(number, found);
    }
    return FX_OK;
}

static const char *const types[] = {"unsigned", "signed", "double", "text", NULL};

static const struct fx_option options[] = {
    {FX_OPTION(struct number_options, from), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The field whose text is looked up."},
    {FX_OPTION(struct number_options, to), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED,
     .help = "The fields to fill."},
    {FX_OPTION(struct number_options, type), .type = FX_OPT_ENUM, .fallback = "unsigned", .choices = types,
     .help = "The type to write."},
    {FX_OPTION(struct number_options, replace), .type = FX_OPT_BOOL, .fallback = "false",
     .help = "Whether a value stays where nothing is found."},
    {FX_OPTION(struct number_options, values), .type = FX_OPT_MAP, .fallback = "{}",
     .help = "What is found for which text."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_RESOLVER,      .name = "resolver-number",
    .version = "1",          .summary = "Fills fields with numbers of the configuration.",
    .options = options,      .options_size = sizeof(struct number_options),
    .create = number_create, .destroy = free,
    .enrich = number_enrich,
};
