/*
 * A test output that writes what it sees of its surroundings. At the start it writes the values of its options,
 * which have every possible type. At the stop it writes the self metrics of the whole program. It ignores the
 * records.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

struct report_options {
    bool flag;
    int64_t number;
    double ratio;
    const char *text;
    const char *password;
    int color;
    int64_t wait;
    int64_t memory;
    struct fx_list items;
    struct fx_map pairs;
    const char *options_file;
    const char *metrics_file;
};

struct report {
    struct fx_instance *instance;
    const struct report_options *options;
};

static int report_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct report_options *report_options = options;
    for (size_t i = 0; i < report_options->pairs.count; i++) {
        const struct fx_pair *pair = &report_options->pairs.pairs[i];
        if (strcmp(pair->value, "wrong") == 0)
            return fx_error_option(err, instance, "pairs", pair->key, "'%s' is wrong", pair->key);
    }
    struct report *report = calloc(1, sizeof *report);
    if (!report)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    *report = (struct report){.instance = instance, .options = options};
    *self = report;
    return 0;
}

static void print_options(FILE *out, const struct report *report)
{
    const struct report_options *options = report->options;
    fprintf(out, "name=%s\nflag=%d\nnumber=%" PRId64 "\nratio=%g\n", fx_instance_name(report->instance), options->flag,
            options->number, options->ratio);
    fprintf(out, "text=%s\npassword=%s\ncolor=%d\n", options->text ? options->text : "(none)",
            options->password ? options->password : "(none)", options->color);
    fprintf(out, "wait=%" PRId64 "\nmemory=%" PRId64 "\n", options->wait, options->memory);
    for (size_t i = 0; i < options->items.count; i++)
        fprintf(out, "items=%s\n", options->items.items[i]);
    for (size_t i = 0; i < options->pairs.count; i++)
        fprintf(out, "pairs.%s=%s\n", options->pairs.pairs[i].key, options->pairs.pairs[i].value);
}

static int report_start(void *self, struct fx_error *err)
{
    struct report *report = self;
    const char *name = report->options->options_file;
    FILE *out = name ? fopen(name, "we") : NULL;
    if (name && !out)
        return fx_error_set(err, FX_EIO, "can't write %s: %s", name, strerror(errno));
    if (out) {
        print_options(out, report);
        fclose(out);
    }
    return 0;
}

static enum fx_verdict report_write(void *self, void *worker, const struct fx_batch *batch)
{
    (void)self, (void)worker, (void)batch;
    return FX_OK;
}

static void print_sample(void *arg, const struct fx_sample *sample)
{
    FILE *out = arg;
    fprintf(out, "%s", sample->name);
    for (unsigned i = 0; i < sample->label_count; i++)
        fprintf(out, " %s=%s", sample->label_names[i], sample->label_values[i]);
    if (sample->is_double)
        fprintf(out, " %g\n", sample->real);
    else
        fprintf(out, " %" PRId64 "\n", sample->integer);
}

static void report_stop(void *self, int timeout_ms)
{
    struct report *report = self;
    (void)timeout_ms;
    FILE *out = report->options->metrics_file ? fopen(report->options->metrics_file, "we") : NULL;
    if (!out)
        return;
    fx_metrics_visit(report->instance, print_sample, out);
    fclose(out);
}

static const char *const colors[] = {"red", "green", "blue", NULL};

#define REPORT_OPTION(member) FX_OPTION(struct report_options, member)

static const struct fx_option options[] = {
    {REPORT_OPTION(flag), .type = FX_OPT_BOOL, .fallback = "true", .help = "A truth."},
    {REPORT_OPTION(number), .type = FX_OPT_INTEGER, .fallback = "7", .min = 1, .max = 10, .help = "A number."},
    {REPORT_OPTION(ratio), .type = FX_OPT_DOUBLE, .fallback = "0.5", .help = "A share."},
    {REPORT_OPTION(text), .type = FX_OPT_STRING, .help = "A text."},
    {REPORT_OPTION(password), .type = FX_OPT_SECRET, .help = "A secret."},
    {REPORT_OPTION(color), .type = FX_OPT_ENUM, .fallback = "green", .choices = colors, .help = "A choice."},
    {REPORT_OPTION(wait), .type = FX_OPT_DURATION, .fallback = "2s", .max = 60000, .help = "A time."},
    {REPORT_OPTION(memory), .type = FX_OPT_SIZE, .fallback = "64KiB", .help = "A size."},
    {REPORT_OPTION(items), .type = FX_OPT_LIST, .fallback = "[one, two]", .help = "A list."},
    {REPORT_OPTION(pairs), .type = FX_OPT_MAP, .fallback = "{a: b}", .help = "A map."},
    {REPORT_OPTION(options_file), .type = FX_OPT_STRING, .help = "Where the options' values are written at start."},
    {REPORT_OPTION(metrics_file), .type = FX_OPT_STRING, .help = "Where the self metrics are written at stop."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,        .name = "output-report",
    .version = "1",          .summary = "Reports its options and the program's self metrics.",
    .options = options,      .options_size = sizeof(struct report_options),
    .create = report_create, .destroy = free,
    .start = report_start,   .stop = report_stop,
    .write = report_write,
};
