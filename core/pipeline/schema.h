/*
 * The schema: the fields that plugins claimed at create. A field's number is its place in every row. Main thread,
 * before workers run.
 *
 * Each type in which a path is claimed is a field of its own. The decoder fills a field if somebody wants what the
 * record has: not one that only resolvers write. Resolvers run in the order in which they claim.
 */
#ifndef FXI_PIPELINE_SCHEMA_H
#define FXI_PIPELINE_SCHEMA_H

#include <stdbool.h>
#include <stdint.h>

#include "decode/decoder.h"

struct fx_instance;

/* Who uses a field, in the order of the fields. */
struct fxi_use {
    const struct fx_instance *writer; /* the last one; NULL: nobody */
    const struct fx_instance *reader; /* the first resolver that reads it */
    bool core_reads;                  /* before any resolver */
    bool plugin_reads;                /* some plugin, not only the core */
};

/* After its writer, a field goes to another one of the same path. */
struct fxi_copy {
    const struct fx_instance *writer;
    uint16_t from, to;
};

/* Names that are no members (record.h); the feed fills them. */
#define FXI_FIELD_RECORD  "@record"
#define FXI_FIELD_PAYLOAD "@payload"

struct fxi_schema {
    struct fxi_field *fields; /* paths are owned */
    struct fxi_use *uses;
    size_t count;
    struct fxi_copy *writes; /* from: what a resolver writes; to means nothing */
    size_t write_count;
};

/* The field's number, or negative with err (without a place). instance NULL: the core claims, and only reads. */
int fxi_schema_claim(struct fxi_schema *schema, const struct fx_claim *claim, const struct fx_instance *instance,
                     struct fx_error *err);
/* The core reads what the record has; another type rejects the record. */
int fxi_schema_read(struct fxi_schema *schema, const char *path, enum fx_type type, struct fx_error *err);
/* The number of a field that is claimed as text, or -1. */
int fxi_schema_find_text(const struct fxi_schema *schema, const char *path);
void fxi_schema_fini(struct fxi_schema *schema);

/* Once all claims are known: what goes where after this resolver. Returns the number; *copies is the caller's. */
size_t fxi_schema_copies(const struct fxi_schema *schema, const struct fx_instance *writer, struct fxi_copy **copies);

/*
 * copies.c. The value as another type, or FX_NULL if that can't hold it. A text is in the batch; without memory the
 * value is FX_NULL.
 */
struct fxi_batch;
struct fx_value fxi_copy_value(const struct fx_value *value, enum fx_type type, struct fxi_batch *batch);
/* The worker's thread, between a resolver's enrich and the next stage. */
void fxi_copies_make(const struct fxi_schema *schema, const struct fxi_copy *copies, size_t count,
                     struct fxi_batch *batch);

#endif
