/* The schema: numbers claimed fields. Main thread. */
#include "pipeline/schema.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/instance.h"
#include "util/alloc.h"

/* Rows are copied and scanned value by value. More fields than this are a mistake in a plugin, not a need. */
#define FIELDS_MAX 256

static bool reads(const struct fx_claim *claim)
{
    return !claim->access || claim->access & FX_CLAIM_READ;
}

static bool writes(const struct fx_claim *claim)
{
    return claim->access & FX_CLAIM_WRITE;
}

static bool is_whole(const char *path)
{
    return strcmp(path, FXI_FIELD_RECORD) == 0 || strcmp(path, FXI_FIELD_PAYLOAD) == 0;
}

static int check_claim(const struct fx_claim *claim, const struct fx_instance *instance, struct fx_error *err)
{
    if (!claim->path || !claim->path[0])
        return fx_error_set(err, FX_EINVAL, "a field without a name is claimed");
    if (claim->type < FX_UNSIGNED || claim->type > FX_TEXT)
        return fx_error_set(err, FX_EINVAL, "field '%s' is claimed with the unknown type %u", claim->path,
                            (unsigned)claim->type);
    if (claim->access & ~(uint32_t)(FX_CLAIM_READ | FX_CLAIM_WRITE) || claim->mismatch > FX_MISMATCH_REJECT)
        return fx_error_set(err, FX_EINVAL, "field '%s' is claimed with the unknown %s %u", claim->path,
                            claim->mismatch > FX_MISMATCH_REJECT ? "mismatch" : "access",
                            (unsigned)(claim->mismatch > FX_MISMATCH_REJECT ? claim->mismatch : claim->access));
    if (is_whole(claim->path) && (writes(claim) || claim->type != FX_TEXT))
        return fx_error_set(err, FX_EINVAL, "'%s' can only be read, as text", claim->path);
    if (writes(claim) && instance->plugin->kind != FX_KIND_RESOLVER)
        return fx_error_set(err, FX_EINVAL, "field '%s' can't be written: only resolvers write fields", claim->path);
    return 0;
}

/* Whoever only writes makes the decoder leave the field alone: nobody before may want what the record has. */
static int check_write(const struct fxi_use *use, const struct fx_claim *claim, const struct fx_instance *instance,
                       struct fx_error *err)
{
    if (use->writer && (!reads(claim) || use->writer == instance))
        return fx_error_set(err, FX_EINVAL, "field '%s' is already written by '%s'", claim->path,
                            fx_instance_name(use->writer));
    if (reads(claim))
        return 0;
    if (use->core_reads)
        return fx_error_set(err, FX_EINVAL, "field '%s' is read by the program, before any resolver", claim->path);
    if (use->reader && use->reader != instance)
        return fx_error_set(err, FX_EINVAL,
                            "field '%s' is read by '%s', which comes before and would find nothing: put '%s' first",
                            claim->path, fx_instance_name(use->reader), fx_instance_name(instance));
    return 0;
}

static int check_path(const struct fxi_schema *schema, const struct fx_claim *claim, const struct fx_instance *instance,
                      struct fx_error *err)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct fxi_use *use = &schema->uses[i];
        if (strcmp(schema->fields[i].path, claim->path) != 0)
            continue;
        if (!instance && use->writer && schema->fields[i].computed)
            return fx_error_set(err, FX_EINVAL, "field '%s' is written by '%s', which comes later", claim->path,
                                fx_instance_name(use->writer));
        if (instance && reads(claim) && claim->type != FX_TEXT && use->writer && schema->fields[i].type == FX_TEXT)
            return fx_error_set(err, FX_EINVAL, "field '%s' is claimed as a number, but '%s' writes text", claim->path,
                                fx_instance_name(use->writer));
        int rc = writes(claim) ? check_write(use, claim, instance, err) : 0;
        if (rc)
            return rc;
    }
    return 0;
}

static bool is_written(const struct fxi_schema *schema, const char *path, const struct fx_instance *but)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->uses[i].writer && schema->uses[i].writer != but && strcmp(schema->fields[i].path, path) == 0)
            return true;
    return false;
}

static int find(const struct fxi_schema *schema, const char *path, uint32_t type)
{
    for (size_t i = 0; i < schema->count; i++)
        if (schema->fields[i].type == type && strcmp(schema->fields[i].path, path) == 0)
            return (int)i;
    return -1;
}

static int add(struct fxi_schema *schema, const char *path, uint32_t type, struct fx_error *err)
{
    if (schema->count == FIELDS_MAX)
        return fx_error_set(err, FX_EINVAL, "more than %d fields are claimed", FIELDS_MAX);
    schema->fields = fxi_realloc(schema->fields, schema->count + 1, sizeof *schema->fields);
    schema->uses = fxi_realloc(schema->uses, schema->count + 1, sizeof *schema->uses);
    schema->fields[schema->count] = (struct fxi_field){
        .path = fxi_strdup(path), .type = (enum fx_type)type, .computed = true, .lenient = type != FX_TEXT};
    schema->uses[schema->count] = (struct fxi_use){0};
    return (int)schema->count++;
}

static void note_write(struct fxi_schema *schema, int number, const struct fx_instance *instance)
{
    schema->uses[number].writer = instance;
    schema->writes = fxi_realloc(schema->writes, schema->write_count + 1, sizeof *schema->writes);
    schema->writes[schema->write_count++] = (struct fxi_copy){.writer = instance, .from = (uint16_t)number};
}

int fxi_schema_claim(struct fxi_schema *schema, const struct fx_claim *claim, const struct fx_instance *instance,
                     struct fx_error *err)
{
    int rc = check_claim(claim, instance, err);
    if (!rc)
        rc = check_path(schema, claim, instance, err);
    if (rc)
        return rc;
    int number = find(schema, claim->path, claim->type);
    if (number < 0)
        number = add(schema, claim->path, claim->type, err);
    if (number < 0)
        return number;
    if (reads(claim) && !is_whole(claim->path) && !is_written(schema, claim->path, instance))
        schema->fields[number].computed = false;
    if (reads(claim) && claim->mismatch == FX_MISMATCH_REJECT)
        schema->fields[number].lenient = false;
    if (reads(claim) && !instance)
        schema->uses[number].core_reads = true;
    if (reads(claim) && instance)
        schema->uses[number].plugin_reads = true;
    if (reads(claim) && instance && !schema->uses[number].reader && instance->plugin->kind == FX_KIND_RESOLVER)
        schema->uses[number].reader = instance;
    if (writes(claim))
        note_write(schema, number, instance);
    return number;
}

int fxi_schema_read(struct fxi_schema *schema, const char *path, enum fx_type type, struct fx_error *err)
{
    return fxi_schema_claim(schema, &(struct fx_claim){.path = path, .type = type, .mismatch = FX_MISMATCH_REJECT},
                            NULL, err);
}

int fxi_schema_find_text(const struct fxi_schema *schema, const char *path)
{
    return find(schema, path, FX_TEXT);
}

size_t fxi_schema_copies(const struct fxi_schema *schema, const struct fx_instance *writer, struct fxi_copy **copies)
{
    size_t count = 0;
    *copies = NULL;
    for (size_t i = 0; i < schema->write_count; i++) {
        const struct fxi_copy *write = &schema->writes[i];
        const struct fxi_field *from = &schema->fields[write->from];
        for (size_t to = 0; to < schema->count; to++) {
            if (write->writer != writer || to == write->from || from->type == FX_TEXT ||
                strcmp(from->path, schema->fields[to].path) != 0)
                continue;
            *copies = fxi_realloc(*copies, count + 1, sizeof **copies);
            (*copies)[count++] = (struct fxi_copy){.writer = writer, .from = write->from, .to = (uint16_t)to};
        }
    }
    return count;
}

void fxi_schema_fini(struct fxi_schema *schema)
{
    for (size_t i = 0; i < schema->count; i++)
        free((char *)schema->fields[i].path);
    free(schema->fields);
    free(schema->uses);
    free(schema->writes);
    *schema = (struct fxi_schema){0};
}
