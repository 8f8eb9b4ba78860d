/*
 * A test output that claims fields in any type and writes what it gets. Each record is a line, with the type of each
 * value in front of it. A field is written as TYPE:PATH, or TYPE!:PATH if another type rejects the record.
 *
 * Workers write under the lock of the file.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <flow-exporter/plugin.h>

struct typed_options {
    const char *file;
    struct fx_list fields;
};

struct typed {
    struct fx_instance *instance;
    const struct typed_options *options;
    FILE *file;
    int fields[];
};

static const char *const type_names[] = {"null", "unsigned", "signed", "double", "text", "late"};

/* "unsigned!:bytes" stands for a number; a record with another type is rejected. */
static int claim_field(struct fx_instance *instance, const char *text, struct fx_error *err)
{
    size_t size = strcspn(text, "!:");
    const char *path = strchr(text, ':');
    uint32_t type = FX_NULL;
    for (uint32_t i = FX_UNSIGNED; i <= FX_TEXT; i++)
        if (strlen(type_names[i]) == size && memcmp(type_names[i], text, size) == 0)
            type = i;
    const struct fx_claim claim = {.path = path ? path + 1 : text,
                                   .type = type,
                                   .mismatch = text[size] == '!' ? FX_MISMATCH_REJECT : FX_MISMATCH_NULL,
                                   .option = "fields",
                                   .item = text};
    return fx_claim(instance, &claim, err);
}

static int typed_create(struct fx_instance *instance, const void *options, void **self, struct fx_error *err)
{
    const struct typed_options *typed_options = options;
    size_t count = typed_options->fields.count;
    struct typed *typed = calloc(1, sizeof *typed + count * sizeof *typed->fields);
    if (!typed)
        return fx_error_set(err, FX_ENOMEM, "no memory");
    typed->instance = instance;
    typed->options = options;
    for (size_t i = 0; i < count; i++) {
        typed->fields[i] = claim_field(instance, typed_options->fields.items[i], err);
        if (typed->fields[i] < 0) {
            int rc = typed->fields[i];
            free(typed);
            return rc;
        }
    }
    *self = typed;
    return 0;
}

static int typed_start(void *self, struct fx_error *err)
{
    struct typed *typed = self;
    typed->file = fopen(typed->options->file, "we");
    if (!typed->file)
        return fx_error_option(err, typed->instance, "file", NULL, "can't open '%s': %s", typed->options->file,
                               strerror(errno));
    return 0;
}

static void print_value(FILE *file, const struct fx_value *value)
{
    char text[FX_CELL_TEXT_MAX];
    size_t size;
    fprintf(file, "%s", value->type <= FX_LATE ? type_names[value->type] : "wrong");
    if (value->type == FX_UNSIGNED)
        fprintf(file, ":%" PRIu64, value->u);
    else if (value->type == FX_SIGNED)
        fprintf(file, ":%" PRId64, value->i);
    else if (value->type == FX_DOUBLE)
        fprintf(file, ":%.17g", value->d);
    else if (value->type == FX_TEXT)
        fprintf(file, ":%.*s", (int)value->size, value->text);
    else if (value->type == FX_LATE && fx_cell_read(value->cell, text, &size) == FX_CELL_KNOWN)
        fprintf(file, ":%.*s", (int)size, text);
}

static enum fx_verdict typed_write(void *self, void *worker, const struct fx_batch *batch)
{
    struct typed *typed = self;
    (void)worker;
    size_t count = typed->options->fields.count;
    flockfile(typed->file);
    for (uint32_t i = 0; i < batch->rows; i++) {
        for (size_t j = 0; j < count; j++) {
            print_value(typed->file, &fx_batch_row(batch, i)[typed->fields[j]]);
            fputc(j + 1 < count ? ' ' : '\n', typed->file);
        }
    }
    funlockfile(typed->file);
    return FX_OK;
}

static void typed_stop(void *self, int timeout_ms)
{
    struct typed *typed = self;
    (void)timeout_ms;
    fclose(typed->file);
}

static const struct fx_option options[] = {
    {FX_OPTION(struct typed_options, file), .type = FX_OPT_STRING, .flags = FX_OPTION_REQUIRED,
     .help = "The file that gets the lines."},
    {FX_OPTION(struct typed_options, fields), .type = FX_OPT_LIST, .flags = FX_OPTION_REQUIRED,
     .help = "The fields, each as TYPE:PATH or TYPE!:PATH."},
    {0},
};

FX_PLUGIN = {
    FX_PLUGIN_OUTPUT,       .name = "output-typed",
    .version = "1",         .summary = "Writes values with their types.",
    .options = options,     .options_size = sizeof(struct typed_options),
    .create = typed_create, .destroy = free,
    .start = typed_start,   .stop = typed_stop,
    .write = typed_write,
};
