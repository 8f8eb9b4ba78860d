/* The text of a configuration: whether it can be YAML at all, and what libyaml found wrong with it. */
#ifndef FXI_CONFIG_YAML_SOURCE_H
#define FXI_CONFIG_YAML_SOURCE_H

#include <stdbool.h>
#include <stdio.h>

#include <yaml.h>

#include "config/node.h"
#include "config/text.h"

#define FXI_YAML_SIZE_MAX (1024 * 1024)
#define FXI_YAML_EMPTY    "the configuration is empty: write at least one entry under 'inputs:' and one under 'outputs:'"

/* Texts are not owned. */
struct fxi_yaml_source {
    const char *name;
    const char *text; /* without the byte order mark */
    size_t size;
};

/* Checks size and encoding, so that libyaml sees only characters whose place it can tell. */
int fxi_yaml_source_init(struct fxi_yaml_source *source, const char *name, const char *text, size_t size,
                         struct fx_error *err);

/* Turns the problem that stopped the parser into an error with the most useful place. Gives FX_EINVAL. */
int fxi_yaml_source_problem(const struct fxi_yaml_source *source, const yaml_parser_t *parser, struct fx_error *err);

#endif
