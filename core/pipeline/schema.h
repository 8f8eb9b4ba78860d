/*
 * The schema: the fields that plugins claimed at create. A field's number is
 * its place in every row. Main thread, before workers run.
 */
#ifndef FXI_PIPELINE_SCHEMA_H
#define FXI_PIPELINE_SCHEMA_H

#include "decode/decoder.h"

struct fx_instance;

struct fxi_schema {
    struct fxi_field *fields;           /* paths are owned */
    const struct fx_instance **writers; /* who fills a computed field */
    size_t count;
};

/* The field's number: that of an earlier claim of the same path and type, or a new one. Negative with err. */
int fxi_schema_read(struct fxi_schema *schema, const char *path, enum fx_type type, struct fx_error *err);
int fxi_schema_write(struct fxi_schema *schema, const char *path, const struct fx_instance *writer,
                     struct fx_error *err);
void fxi_schema_fini(struct fxi_schema *schema);

#endif
