/* Reads a file that a plugin's option names, by a table of its own. Any thread. The caller owns the result. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "config/options.h"
#include "util/alloc.h"

struct fx_options {
    struct fxi_document *document;
    const struct fx_option *table;
    void *filled;
};

struct fx_options *fx_options_read(const char *path, const struct fx_option *table, size_t size, struct fx_error *err)
{
    struct fxi_document *document = fxi_yaml_read_part_file(path, err);
    if (!document)
        return NULL;
    void *filled = fxi_calloc(1, size);
    if (fxi_options_fill(table, document->file, document->root, NULL, filled, err) != 0) {
        free(filled);
        fxi_document_free(document);
        return NULL;
    }
    struct fx_options *options = fxi_calloc(1, sizeof *options);
    *options = (struct fx_options){.document = document, .table = table, .filled = filled};
    return options;
}

const void *fx_options_get(const struct fx_options *options)
{
    return options->filled;
}

void fx_options_free(struct fx_options *options)
{
    if (!options)
        return;
    fxi_options_fini(options->table, options->filled);
    free(options->filled);
    fxi_document_free(options->document);
    free(options);
}

int fx_options_error(struct fx_error *err, const struct fx_options *options, const char *option, const char *item,
                     const char *format, ...)
{
    if (!err)
        return FX_EINVAL;
    err->code = FX_EINVAL;
    fxi_error_place(err, options->document->file, 0, 0);
    fxi_options_place(options->document->root, option, item, &err->line, &err->column);
    va_list args;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return FX_EINVAL;
}
