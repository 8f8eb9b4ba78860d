/* The schema: claims of fields become numbers. Main thread. */
#include "pipeline/schema.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/instance.h"
#include "util/alloc.h"

/* A row is copied and scanned a value at a time: some hundred fields are a mistake in a plugin, not a need. */
#define FIELDS_MAX 256

static int find(const struct fxi_schema *schema, const char *path, enum fx_type type)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type == type && strcmp(schema->fields[i].path, path) == 0)
            return (int)i;
    return -1;
}

static int add(struct fxi_schema *schema, const char *path, enum fx_type type, struct fx_error *err)
{
    if (schema->count == FIELDS_MAX)
        return fx_error_set(err, FX_EINVAL, "more than %d fields are claimed", FIELDS_MAX);
    schema->fields = fxi_realloc(schema->fields, schema->count + 1, sizeof *schema->fields);
    schema->writers = fxi_realloc(schema->writers, schema->count + 1, sizeof *schema->writers);
    schema->fields[schema->count] = (struct fxi_field){.path = fxi_strdup(path), .type = type};
    schema->writers[schema->count] = NULL;
    return (int)schema->count++;
}

int fxi_schema_read(struct fxi_schema *schema, const char *path, enum fx_type type, struct fx_error *err)
{
    if (!path || !path[0])
        return fx_error_set(err, FX_EINVAL, "a field without a name is claimed");
    if (type < FX_UNSIGNED || type > FX_TEXT)
        return fx_error_set(err, FX_EINVAL, "field '%s' is claimed with the unknown type %d", path, (int)type);
    int number = find(schema, path, type);
    return number >= 0 ? number : add(schema, path, type, err);
}

int fxi_schema_write(struct fxi_schema *schema, const char *path, const struct fx_instance *writer,
                     struct fx_error *err)
{
    int number = fxi_schema_read(schema, path, FX_TEXT, err);
    if (number < 0)
        return number;
    if (schema->writers[number])
        return fx_error_set(err, FX_EINVAL, "field '%s' is already written by '%s'", path,
                            fx_instance_name(schema->writers[number]));
    schema->writers[number] = writer;
    schema->fields[number].computed = 1;
    return number;
}

void fxi_schema_fini(struct fxi_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        free((char *)schema->fields[i].path);
    free(schema->fields);
    free(schema->writers);
    *schema = (struct fxi_schema){0};
}
